/** What a running way in may ask of the engine, for one source. */
import { renderId } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import type { SourceKind } from '../core/received/source-kinds.ts';
import { sourceTokenHash } from '../core/received/source-token.ts';
import type { InboundDirectory, InboundHost, InboundItem, Taken } from '../ports/inbound.ts';
import type { CachedDirectory } from './directory.ts';
import type { EngineParts } from './engine.ts';
import type { LiveSources } from './live-sources.ts';
import type { Receipt, Receiver } from './receiver.ts';
import type { SourceRun } from './source-run.ts';
import type { SourceOf, SourceStates } from './source-states.ts';

/** Two items with one key are taken for the same within this time, unless the source says otherwise. */
const SAME_WITHIN_MS = 7 * 24 * 3_600_000;
/** Ways in where anybody can write: what they bring is not known to come from whom it says. */
const OPEN_KINDS: ReadonlySet<SourceKind> = new Set(['smtp', 'irc', 'xmpp']);
const MAILBOX = /^([a-z0-9]{16,64})(?:\+([^@]{1,128}))?@/;

interface Told {
  readonly state: 'running' | 'failing';
  readonly detail: string | null;
}

export interface InboundHostsOptions {
  readonly directory: CachedDirectory;
  readonly sources: LiveSources;
  readonly receiver: Receiver;
  readonly states: SourceStates;
}

export class InboundHosts implements InboundDirectory {
  readonly #parts: EngineParts;
  readonly #options: InboundHostsOptions;

  constructor(parts: EngineParts, options: InboundHostsOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** `run`: null = any node may take for it at any time. Throws when the main secret does not fit. */
  hostOf(of: SourceOf, run: SourceRun | null): InboundHost {
    const { organization, source } = of;
    const { states, sources } = this.#options;
    const open = (sealed: NonNullable<typeof source.input>): string =>
      sources.vault.open(organization, source.id, sealed);
    return {
      organization,
      source,
      input: source.input === null ? {} : JSON.parse(open(source.input)),
      callbackUrl: `${this.#parts.settings.publicUrl}/in/${open(source.token)}`,
      take: async (item) => {
        await run?.pass();
        return this.#take(of, item);
      },
      readCursor: async () => (await states.read(of))?.cursor ?? null,
      writeCursor: async (cursor) => {
        await run?.pass();
        // At each try: what another node has written meanwhile must stay.
        await states.changeCursor(of, () => {
          run?.mustGoOn();
          return cursor;
        });
      },
      health: (state, detail) => this.#tell(of, { state, detail }, run),
    };
  }

  async mailbox(address: string): Promise<{ host: InboundHost; tag: string | null } | null> {
    const named = MAILBOX.exec(address.toLowerCase());
    if (named === null) return null;
    const tokenHash = sourceTokenHash(named[1]!);
    const found = await this.#options.directory.source(tokenHash, this.#parts.clock.now());
    if (found === null || found.source.kind !== 'smtp' || found.source.disabled) return null;
    const tag = /^[^+@]+\+([^@]+)@/.exec(address)?.[1] ?? null;
    return { host: this.hostOf(found, null), tag };
  }

  async #take(of: SourceOf, item: InboundItem): Promise<Taken> {
    const { sources, receiver } = this.#options;
    try {
      const live = sources.live(of);
      sources.count(live);
      const bytesMax = live.source.bodyBytesMax;
      if (bytesMax !== null && item.body.length > bytesMax)
        return { kind: 'refused', detail: `This source takes at most ${bytesMax} bytes.`, isFinal: true };
      return takenOf(await receiver.take(live, arrivalOf(of, item, this.#parts.clock.now())));
    } catch (cause) {
      if (!(cause instanceof Problem) || cause.code === 'unavailable') throw cause;
      // A source that was just disabled may be enabled again: what waits for it elsewhere is not to be dropped.
      const isFinal = cause.code !== 'too_many_requests' && cause.code !== 'not_found';
      return { kind: 'refused', detail: cause.message, isFinal };
    }
  }

  /** Best effort, in the background: what could not be written is told with the next change. */
  #tell(of: SourceOf, { state, detail }: Told, run: SourceRun | null): void {
    if (run?.isOver) return;
    const { states } = this.#options;
    const write = async (): Promise<void> => {
      await run?.pass();
      const before = await states.health(of);
      // Silence is for whoever watches it; it ends with an event.
      if (before.state === 'silent' && state === 'running') return;
      if (before.state === state && before.detail === detail) return;
      const told =
        state === 'failing' ? 'source.failing' : before.state === 'failing' ? 'source.recovered' : null;
      await states.writeHealth(of, { state, detail }, before.state === state ? null : told);
    };
    const { id } = of.source;
    this.#telling.set(
      id,
      (this.#telling.get(id) ?? Promise.resolve()).then(write).catch((cause: unknown) => {
        this.#parts.log.warn('source.health-not-written', { sourceId: id, reason: String(cause) });
      }),
    );
    if (state === 'failing') this.#parts.log.warn('source.failing', { sourceId: id, detail });
  }

  /** One after the other, so that the last one told stays. */
  readonly #telling = new Map<string, Promise<void>>();
}

function arrivalOf({ source }: SourceOf, item: InboundItem, now: number): Parameters<Receiver['take']>[1] {
  const { dedupeKey } = item;
  return {
    type: item.type,
    method: item.method,
    contentType: item.contentType,
    sub: '',
    query: '',
    headers: item.headers,
    body: item.body,
    peer: item.peer,
    proof: OPEN_KINDS.has(source.kind) ? null : { scheme: 'connection', key: null },
    orderingKey: item.orderingKey,
    unique: dedupeKey === null ? null : { id: dedupeKey, until: now + SAME_WITHIN_MS },
    isTest: false,
    meta: item.meta,
  };
}

function takenOf({ kind, event, answered }: Receipt): Taken {
  const eventId = renderId(event.id, 'event');
  if (kind === 'duplicate') return { kind, eventId };
  return { kind, eventId, reply: answered.kind === 'rendered' ? answered.answer.body : null };
}
