/**
 * How far `listen` has come, in a file: what came while it was away is behind the cursor and still arrives. One per
 * server and source, unless said otherwise.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { BadSetting } from '../config/parse.ts';

const DIGEST_CHARS = 12;

export interface CursorPlace {
  readonly serverUrl: string;
  readonly sourceId: string;
}

/** `$XDG_STATE_HOME/posthorn/listen/<source>-<server>.json`, as the XDG base directory specification has it. */
export function cursorPath(
  { serverUrl, sourceId }: CursorPlace,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const given = env.XDG_STATE_HOME;
  const base = given?.startsWith('/') ? given : join(homedir(), '.local', 'state');
  const server = createHash('sha256').update(serverUrl).digest('hex').slice(0, DIGEST_CHARS);
  return join(base, 'posthorn', 'listen', `${sourceId}-${server}.json`);
}

export class CursorFile {
  readonly path: string;
  readonly #place: CursorPlace;
  #written: string | null = null;

  constructor(path: string, place: CursorPlace) {
    this.path = path;
    this.#place = place;
  }

  /** null = there is none yet. Throws BadSetting for a file that is not one of ours, or of another source. */
  read(): string | null {
    const kept = this.#kept();
    if (kept === null) return null;
    const { source, cursor } = kept;
    if (typeof cursor !== 'string' || typeof source !== 'string')
      throw this.#unusable('is no cursor of `listen`');
    if (source !== this.#place.sourceId) throw this.#unusable(`belongs to the source ${source}`);
    this.#written = cursor;
    return cursor;
  }

  /** Whole or not at all: written beside it, then renamed. Throws BadSetting. */
  write(cursor: string): void {
    if (cursor === this.#written) return;
    const { serverUrl, sourceId } = this.#place;
    const text = `${JSON.stringify({ server: serverUrl, source: sourceId, cursor })}\n`;
    try {
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
      writeFileSync(`${this.path}.new`, text, { mode: 0o600 });
      renameSync(`${this.path}.new`, this.path);
    } catch (cause) {
      throw this.#unusable(`cannot be written (${(cause as NodeJS.ErrnoException).code})`);
    }
    this.#written = cursor;
  }

  #kept(): { readonly source?: unknown; readonly cursor?: unknown } | null {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT') return null;
      throw this.#unusable(`cannot be read (${code})`);
    }
    try {
      return Object(JSON.parse(text)) as { readonly source?: unknown; readonly cursor?: unknown };
    } catch {
      throw this.#unusable('is no cursor of `listen`');
    }
  }

  #unusable(why: string): BadSetting {
    return new BadSetting(this.path, `${why}: remove it, or name another with --cursor.`);
  }
}

/** The cursor behind which nothing is left to do, while several things are being done at once. */
export class CursorMark {
  readonly #open: { readonly cursor: string; isDone: boolean }[] = [];
  readonly #onMove: (cursor: string) => void;

  constructor(onMove: (cursor: string) => void) {
    this.#onMove = onMove;
  }

  /** In order. Call what is returned when it is done. */
  begin(cursor: string): () => void {
    const entry = { cursor, isDone: false };
    this.#open.push(entry);
    return () => {
      entry.isDone = true;
      this.#settle();
    };
  }

  #settle(): void {
    let moved: string | null = null;
    while (this.#open[0]?.isDone) moved = this.#open.shift()!.cursor;
    if (moved !== null) this.#onMove(moved);
  }
}
