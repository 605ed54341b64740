/**
 * The server that an import reads: lists by page, documents one by one. A server that is busy is asked again, as late
 * as it wants; one that is not what the operator took it for ends the import with a sentence.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isObject, type JsonObject } from '../../core/catalog/json-pointer.ts';
import { retryAfterMs } from '../../core/delivery/retry-after.ts';
import { Problem } from '../../core/problem.ts';
import type { ApiOutcome, ApiReader } from '../../outbound/api-reader.ts';
import { VERSION } from '../version.ts';

export type ImportRefusal =
  | 'unreachable'
  | 'unauthorized'
  | 'redirected'
  | 'incompatible'
  | 'busy'
  /** Ours, not theirs. */
  | 'store';

/** The import cannot go on. What was brought before it stays; the message says what to do. */
export class ImportRefused extends Error {
  readonly code: ImportRefusal;

  constructor(code: ImportRefusal, message: string) {
    super(message);
    this.name = 'ImportRefused';
    this.code = code;
  }
}

export interface RemoteAnswer {
  readonly status: number;
  /** undefined when the body is no JSON. */
  readonly json: unknown;
}

export interface PageOptions {
  /** More of the query, e.g. `with_content=true`. */
  readonly query?: string;
  /** Called instead of ending the import when the list itself is refused. */
  readonly onRefused?: (status: number) => void;
}

const PAGE_ITEMS = 250;
/** Ten million items: a list that goes on after them has no end. */
const PAGES_MAX = 40_000;
const ATTEMPTS_MAX = 8;
/** A 500 is mostly one document that the server cannot read, and stays. */
const FAULT_ATTEMPTS_MAX = 3;
const BUSY: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const WAIT_MS_MIN = 250;
const WAIT_MS_FIRST = 500;
const WAIT_MS_MAX = 30_000;
/** Who asks for more is not waited for. */
const ASKED_WAIT_MS_MAX = 600_000;
/** No such document, no such route, or not for this customer. */
export const NOT_OFFERED: ReadonlySet<number> = new Set([402, 404, 405, 501]);
const AGAIN = 'run the import again: it goes on from there.';

export class RemoteServer {
  /** Without a slash at its end. */
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #reader: ApiReader;
  #hasAnswered = false;

  constructor(options: { readonly base: string; readonly token: string; readonly reader: ApiReader }) {
    this.#base = options.base;
    this.#reader = options.reader;
    this.#headers = {
      Accept: 'application/json',
      Authorization: `Bearer ${options.token}`,
      'User-Agent': `Posthorn/${VERSION}`,
    };
  }

  /** Looks whether this is a compatible server that takes the token, before anything is written. */
  async probe(): Promise<void> {
    pageOf(this.#required(await this.get('/api/v1/app?limit=1'), '/api/v1/app'), this.#base);
  }

  /** `path` begins with a slash. 4xx and 500 are for the caller to judge; 401 and a server that stays busy are not. */
  async get(path: string): Promise<RemoteAnswer> {
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#reader.get(new URL(this.#base + path), this.#headers);
      const waitMs = this.#waitAfter(attempt, outcome);
      if (waitMs === null) return this.#judge(path, outcome);
      await sleep(waitMs);
    }
  }

  /**
   * One document; null when there is none, or no such route. Throws Problem for what concerns only this document.
   * `isVital`: a token that may not read it is not good enough for an import.
   */
  async document(path: string, options: { readonly isVital?: boolean } = {}): Promise<unknown> {
    const answer = await this.get(path);
    if (NOT_OFFERED.has(answer.status)) return null;
    if (answer.status < 300 || (answer.status === 403 && options.isVital === true))
      return this.#required(answer, path);
    throw new Problem('generic_error', `Its server answers ${answer.status} to ${path}.`);
  }

  /** All items of a list, a page at a time. */
  async *pages(path: string, options: PageOptions = {}): AsyncGenerator<readonly JsonObject[]> {
    const query = `${path}?limit=${PAGE_ITEMS}${options.query === undefined ? '' : `&${options.query}`}`;
    let iterator: string | null = null;
    for (let page = 0; page < PAGES_MAX; page++) {
      const answer = await this.get(
        iterator === null ? query : `${query}&iterator=${encodeURIComponent(iterator)}`,
      );
      if (answer.status >= 400 && page === 0 && options.onRefused !== undefined) {
        options.onRefused(answer.status);
        return;
      }
      const { data, done, next } = pageOf(this.#required(answer, path), this.#base);
      yield data;
      if (done || data.length === 0) return;
      if (next === null || next === iterator) break;
      iterator = next;
    }
    throw new ImportRefused(
      'incompatible',
      `${this.#base}${path} is a list without an end; it cannot be read.`,
    );
  }

  #required({ status, json }: RemoteAnswer, path: string): unknown {
    if (status < 300) return json;
    if (status === 403)
      throw new ImportRefused(
        'unauthorized',
        `The token may not read ${path} (403): give one that owns the whole organization.`,
      );
    throw new ImportRefused(
      status === 500 ? 'busy' : 'incompatible',
      status === 500
        ? `${this.#base}${path} answers 500: mend that server, then ${AGAIN}`
        : `${this.#base} does not answer like a Svix-compatible server (${path}: ${status}): give the address that its API is under with --from.`,
    );
  }

  /** Ms to wait before asking again; null = this is the answer. */
  #waitAfter(attempt: number, outcome: ApiOutcome): number | null {
    const backoff = Math.min(WAIT_MS_FIRST * 2 ** (attempt - 1), WAIT_MS_MAX);
    // Before the first answer it is more likely that the address is wrong than that the server is away.
    if (outcome.kind === 'unanswered') return this.#hasAnswered && attempt < ATTEMPTS_MAX ? backoff : null;
    this.#hasAnswered = true;
    if (outcome.statusCode === 500) return attempt < FAULT_ATTEMPTS_MAX ? backoff : null;
    if (!BUSY.has(outcome.statusCode) || attempt >= ATTEMPTS_MAX) return null;
    const asked = retryAfterMs(outcome.retryAfter ?? undefined, Date.now());
    if (asked === undefined) return backoff;
    return asked > ASKED_WAIT_MS_MAX ? null : Math.max(asked, WAIT_MS_MIN);
  }

  #judge(path: string, outcome: ApiOutcome): RemoteAnswer {
    const base = this.#base;
    if (outcome.kind === 'unanswered') {
      const advice = this.#hasAnswered ? AGAIN : 'is --from the address of the server?';
      throw new ImportRefused('unreachable', `${base} could not be read: ${outcome.detail}; ${advice}`);
    }
    const { statusCode: status, contentType } = outcome;
    if (status >= 300 && status < 400) throw this.#redirected(outcome.location);
    if (status === 401)
      throw new ImportRefused(
        'unauthorized',
        `${base} does not take the token (401): give one that owns the organization, with --token or POSTHORN_IMPORT_TOKEN.`,
      );
    if (BUSY.has(status)) {
      const asked = retryAfterMs(outcome.retryAfter ?? undefined, Date.now());
      const wish = asked === undefined ? '' : ` and asks to wait ${Math.ceil(asked / 1000)} s`;
      throw new ImportRefused('busy', `${base} is busy (${path}: ${status})${wish}; wait, then ${AGAIN}`);
    }
    const json = readJson(outcome.body);
    if (status < 300 && json === undefined)
      throw new ImportRefused(
        'incompatible',
        `${base} does not answer like a Svix-compatible server (${path} is ${contentType ?? 'no JSON'}): give the address that its API is under with --from.`,
      );
    return { status, json };
  }

  #redirected(location: string | null): ImportRefused {
    const to = location === null ? null : URL.parse(location, this.#base);
    const where = to === null ? '' : ` to ${to.origin}`;
    return new ImportRefused(
      'redirected',
      `${this.#base} redirects${where}, where the token is not sent: if that is the server, give its address with --from.`,
    );
  }
}

interface RemotePage {
  readonly data: readonly JsonObject[];
  readonly done: boolean;
  readonly next: string | null;
}

function pageOf(json: unknown, base: string): RemotePage {
  const page = isObject(json) ? json : {};
  const { data, done, iterator } = page;
  if (Array.isArray(data) && data.every(isObject) && typeof done === 'boolean')
    return { data, done, next: typeof iterator === 'string' ? iterator : null };
  throw new ImportRefused(
    'incompatible',
    `${base} does not answer like a Svix-compatible server (its lists have no data and done): give the address that its API is under with --from.`,
  );
}

function readJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}
