/**
 * Takes in what sources receive:
 *
 *   a call ──► source ──► limits ──► verify ──► read type, keys ──► plan ──► one durable write ──► answer
 *                                      ├──► handshake: answered, no event      ▲ stale: once more
 *                                      └──► refused: kept with its reason, 401
 *
 * What other ways in bring (ports/inbound.ts) enters at `read`. Nothing is parsed that nothing asks about.
 */
import { createHash } from 'node:crypto';
import type { Event } from '../core/event/event.ts';
import { newId, RECEIVED } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import type { Proof, RawHeaders, ReadAs } from '../core/received/received.ts';
import type { IdempotencyRecord } from '../ports/intake.ts';
import { type Answered, answerOf } from './answer-of.ts';
import type { CachedDirectory } from './directory.ts';
import type { EngineMetrics, EngineParts } from './engine.ts';
import { hideCredentials } from './hide-credentials.ts';
import type { LiveSource } from './live-source.ts';
import type { LiveSources } from './live-sources.ts';
import type { Publisher } from './publisher.ts';
import { Reading } from './reading.ts';
import { planReceived } from './received-plan.ts';
import { turnsOf } from './turns.ts';

const RANDOM_ID_BYTES = 15;
const TYPE_CHARS_MAX = 256;
const KEY_CHARS_MAX = 256;
/** How often an event is planned while the catalog keeps changing: more often than a burst of changes is long. */
const PLANS_MAX = 25;

/** What arrived, from whatever way in, known to be what it should. */
export interface Arrival {
  /** As the way in or the provider names it; null = neither does. */
  readonly type: string | null;
  readonly method: string;
  readonly contentType: string;
  readonly sub: string;
  readonly query: string;
  readonly headers: RawHeaders;
  readonly body: Uint8Array;
  readonly peer: string | null;
  readonly proof: Proof | null;
  readonly orderingKey: string | null;
  /** What makes it one of its kind, and until when (ms) a second one is taken for the same. */
  readonly unique: { readonly id: string; readonly until: number } | null;
  readonly isTest: boolean;
  readonly meta: Readonly<Record<string, unknown>> | null;
}

interface Unique {
  readonly keyHash: Uint8Array;
  readonly until: number;
}

export interface Receipt {
  readonly kind: 'accepted' | 'duplicate';
  readonly event: Event;
  /** The source's own. */
  readonly answered: Answered;
}

export interface ReceiverOptions {
  readonly directory: CachedDirectory;
  readonly publisher: Publisher;
  readonly sources: LiveSources;
  readonly metrics: EngineMetrics;
  /** A source got something at this instant. */
  readonly saw: (of: LiveSource, at: number) => void;
}

export class Receiver {
  readonly #parts: EngineParts;
  readonly #options: ReceiverOptions;

  constructor(parts: EngineParts, options: ReceiverOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** Durable when it resolves. Problem generic_error when it cannot be read and the source refuses that. */
  async take(live: LiveSource, arrival: Arrival): Promise<Receipt> {
    const now = this.#parts.clock.now();
    const draft = this.#draft(live, arrival, now);
    const reading = new Reading(draft, arrival.body, {
      formats: this.#parts.formats,
      secrets: live.values,
      now,
    });
    if (live.readsBody) {
      const parsing = reading.parse();
      if (parsing !== undefined) await parsing;
    }
    if (live.source.onParseError === 'refuse' && reading.error !== null)
      throw new Problem('generic_error', `The body cannot be read: ${reading.error}`);
    const { event, unique } = this.#read(live, { arrival, draft, reading, now });
    const result = await this.#accept(live, { event, unique, reading, content: arrival.body });
    const { metrics } = this.#options;
    if (result.kind === 'accepted') metrics.eventsReceived++;
    else metrics.receivedTwice++;
    this.#options.saw(live, event.acceptedAt);
    const known = result.kind === 'accepted' ? event : { ...event, id: result.id };
    return { kind: result.kind, event: known, answered: answerOf(live, known, reading) };
  }

  /** The event before its type and keys are known. */
  #draft(live: LiveSource, arrival: Arrival, now: number): Event {
    const { source, organization } = live;
    const id = newId<'event'>(now, this.#parts.dice.bytes(RANDOM_ID_BYTES));
    const { headers, query, sealed } = hideCredentials(arrival, live.hidden, (hidden) =>
      this.#options.sources.vault.seal(organization, id, hidden),
    );
    return {
      id,
      applicationId: RECEIVED,
      received: {
        sourceId: source.id,
        via: source.kind,
        sub: arrival.sub,
        query,
        headers,
        sealed,
        peer: arrival.peer,
        proof: arrival.proof,
        dedupeKey: null,
        readAs: readAsOf(live),
        isTest: arrival.isTest,
        meta: arrival.meta,
      },
      type: arrival.type?.slice(0, TYPE_CHARS_MAX) || `${fallbackType(live)}.received`,
      eventId: null,
      channels: null,
      tags: null,
      method: arrival.method,
      contentType: arrival.contentType,
      headers: null,
      orderingKey: arrival.orderingKey?.slice(0, KEY_CHARS_MAX) ?? null,
      retryScheduleMs: null,
      acceptedAt: now,
      contentExpiresAt: now + (source.retentionMs ?? this.#parts.settings.contentRetentionMs),
      deliverAt: 0,
    };
  }

  /** Type and keys, as the source's expressions say. One that fails leaves what is known without it. */
  #read(
    live: LiveSource,
    { arrival, draft, reading, now }: { arrival: Arrival; draft: Event; reading: Reading; now: number },
  ): { event: Event; unique: Unique | null } {
    const textOf = (expression: LiveSource['type']): string | null => {
      const value = expression === null ? null : reading.value(expression, draft.type);
      if (value === undefined || value === null || value === '') return null;
      return typeof value === 'string' ? value : JSON.stringify(value);
    };
    const dedupeKey = textOf(live.dedupeKey) ?? arrival.unique?.id ?? null;
    const windowed = live.source.dedupe === null ? 0 : now + live.source.dedupe.windowMs;
    const until = Math.max(windowed, arrival.unique?.until ?? 0);
    const event: Event = {
      ...draft,
      type: textOf(live.type)?.slice(0, TYPE_CHARS_MAX) ?? draft.type,
      orderingKey: textOf(live.orderingKey)?.slice(0, KEY_CHARS_MAX) ?? draft.orderingKey,
      received: { ...draft.received!, dedupeKey: dedupeKey?.slice(0, KEY_CHARS_MAX) ?? null },
    };
    // Of the whole key: keys that only begin alike are two.
    if (dedupeKey === null || until <= now) return { event, unique: null };
    return { event, unique: { keyHash: uniqueHash(live, dedupeKey), until } };
  }

  /** Plans until the plan is of the catalog as it is. */
  async #accept(
    live: LiveSource,
    arrived: {
      event: Event;
      unique: Unique | null;
      reading: Reading;
      content: Uint8Array;
    },
  ): Promise<{ kind: 'accepted' } | { kind: 'duplicate'; id: Event['id'] }> {
    const { event, unique, reading, content } = arrived;
    const { organization } = live;
    const { directory, publisher } = this.#options;
    for (let plans = 1; plans <= PLANS_MAX; plans++) {
      const cached = directory.hub(organization);
      const hub = cached instanceof Promise ? await cached : cached;
      const { sources } = this.#options;
      const destinations =
        live.source.pausedAt === null
          ? await planReceived(
              hub,
              { event, reading },
              { condition: (text) => sources.condition(text), giveWay: turnsOf(this.#parts.clock) },
            )
          : [];
      // It may have been paused or removed while the call was being read: only the flows are behind the version.
      if (!sources.isCurrent(live)) {
        live = await sources.again(live);
        continue;
      }
      const result = await publisher.accept({
        organization,
        event,
        content,
        destinations,
        idempotency: unique === null ? null : uniqueness(event, unique),
        catalogVersion: directory.versionOf(organization, hub),
        outboxNo: null,
      });
      if (result.kind === 'accepted') return { kind: 'accepted' };
      if (result.kind === 'replayed') return { kind: 'duplicate', id: result.response as Event['id'] };
      if (result.kind !== 'stale') throw new Error(`A received event was answered with ${result.kind}.`);
      directory.mustBe(organization, result.catalogVersion);
      live = await sources.again(live);
    }
    throw new Problem('unavailable', 'The configuration keeps changing: send it again shortly.', {
      retryAfterSeconds: 1,
    });
  }
}

function readAsOf({ source, provider }: LiveSource): ReadAs | null {
  const payload = source.payloadFrom ?? provider.payload;
  return source.contentType === null && payload === null ? null : { type: source.contentType, payload };
}

function fallbackType({ source, provider }: LiveSource): string {
  return source.kind === 'http' && provider.id !== 'none' ? provider.id : source.kind;
}

/** The first of its kind leaves its id under the key, and every later one is answered with it. */
function uniqueness(event: Event, { keyHash, until }: Unique): IdempotencyRecord {
  return { keyHash, bodyHash: SAME, status: 200, response: event.id, expiresAt: until };
}
function uniqueHash({ source }: LiveSource, key: string): Uint8Array {
  return createHash('sha256').update(`source ${source.id}\n${key}`).digest();
}

/** Two calls with one key are the same whatever else they say. */
const SAME = new Uint8Array(1);
