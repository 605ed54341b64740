/**
 * Callers of a source and the books between them and its destination. Each caller has a key of its own, asks another
 * node with every call, sends a call again until it is answered with 202, and only then goes on to its next one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Received } from '../support/receiver.ts';
import { signedByGithub } from '../support/source.ts';

export const GITHUB_SECRET = 'It is a secret to everybody';
/** Of a source that takes these calls: a repeated one is the same event, and those of a caller keep their order. */
export const CALLED_SOURCE = {
  provider: 'github',
  secrets: [GITHUB_SECRET],
  orderingKey: 'body.key',
  dedupe: { key: 'body.once', windowSeconds: 3600 },
};

const ANSWER_MS_MAX = 8_000;
const RETRY_PAUSE_MS = 30;

export interface CallersOptions {
  /** The source at each node. */
  readonly urls: readonly string[];
  readonly callers: number;
  /** Between two calls of a caller. */
  readonly pauseMs: number;
  /** Before the number of a caller in its key: of callers that come after others. */
  readonly prefix?: string;
}

export interface AnsweredCall {
  /** The event. */
  readonly id: string;
  readonly once: string;
  readonly body: string;
  readonly isRepeated: boolean;
}

export interface Callers extends AsyncDisposable {
  readonly answered: readonly AnsweredCall[];
  /** Answers by status; 0 = there was none. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Resolves when no call is under way any more. */
  stop(): Promise<void>;
}

export function startCallers(options: CallersOptions): Callers {
  const answered: AnsweredCall[] = [];
  const statuses: Record<number, number> = {};
  const stopping = new AbortController();
  const calling = Array.from({ length: options.callers }, (_, caller) =>
    keepCalling(options, { caller, answered, statuses, signal: stopping.signal }),
  );
  const stop = async (): Promise<void> => {
    stopping.abort();
    await Promise.all(calling);
  };
  return { answered, statuses, stop, [Symbol.asyncDispose]: stop };
}

interface Caller {
  readonly caller: number;
  readonly answered: AnsweredCall[];
  readonly statuses: Record<number, number>;
  readonly signal: AbortSignal;
}

async function keepCalling(options: CallersOptions, caller: Caller): Promise<void> {
  for (let n = 0; !caller.signal.aborted; n++) {
    const key = `${options.prefix ?? ''}${caller.caller}`;
    const once = `${key}/${n}`;
    // White space and escapes that nobody who writes JSON anew would keep.
    const body = `{"key" :"${key}",\n "n": ${n}, "once":"${once}", "text":"Zo\\u00eb\\/€"}`;
    for (let tries = 0; !caller.signal.aborted; tries++) {
      const url = options.urls[(caller.caller + n + tries) % options.urls.length]!;
      const answer = await call(url, body);
      caller.statuses[answer.status] = (caller.statuses[answer.status] ?? 0) + 1;
      if (answer.status === 202) {
        caller.answered.push({ ...answer, once, body });
        break;
      }
      await sleep(RETRY_PAUSE_MS);
    }
    await sleep(options.pauseMs);
  }
}

/** One signed call. Status 0 = there was no answer. */
export async function call(
  url: string,
  body: string,
  secret = GITHUB_SECRET,
): Promise<{ status: number; id: string; isRepeated: boolean }> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: signedByGithub(body, secret),
      body,
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    const { id = '' } = (await response.json()) as { id?: string };
    return { status: response.status, id, isRepeated: response.headers.has('posthorn-duplicate') };
  } catch {
    return { status: 0, id: '', isRepeated: false };
  }
}

/** Of events: what came to the destination, beside what was answered. */
export interface Books {
  readonly lost: readonly string[];
  /** Arrived with other bytes than were sent. */
  readonly changed: readonly string[];
  /** Calls that became two events. */
  readonly twofold: readonly string[];
  /** Callers of which an event came first after a later one. */
  readonly outOfOrder: readonly string[];
  /** Deliveries beyond the first of each event. */
  readonly repeated: number;
}

export const eventIdOf = (request: Received): string => request.headers['posthorn-event-id']!;

export function booksOf(answered: readonly AnsweredCall[], requests: readonly Received[]): Books {
  const arrived = new Map<string, Received>();
  for (const request of requests)
    if (!arrived.has(eventIdOf(request))) arrived.set(eventIdOf(request), request);
  const eventsOf = new Map<string, Set<string>>();
  const see = (once: string, id: string): void => {
    eventsOf.set(once, (eventsOf.get(once) ?? new Set()).add(id));
  };
  for (const { once, id } of answered) see(once, id);
  for (const [id, { body }] of arrived) see(JSON.parse(body.toString()).once, id);
  return {
    lost: answered.map(({ id }) => id).filter((id) => !arrived.has(id)),
    changed: answered
      .filter(({ id, body }) => arrived.has(id) && arrived.get(id)!.body.toString() !== body)
      .map(({ id }) => id),
    twofold: [...eventsOf].filter(([, ids]) => ids.size > 1).map(([once]) => once),
    outOfOrder: outOfOrder([...arrived.values()]),
    repeated: requests.length - arrived.size,
  };
}

/** A caller goes on when it is answered, so what it sent first must come first. */
function outOfOrder(arrived: readonly Received[]): string[] {
  const last = new Map<string, number>();
  const wrong: string[] = [];
  for (const { body } of arrived) {
    const { key, n } = JSON.parse(body.toString()) as { key: string; n: number };
    if (n < (last.get(key) ?? 0)) wrong.push(`${key}: ${n} after ${last.get(key)}`);
    last.set(key, n);
  }
  return wrong;
}

export const NOTHING_WRONG = { lost: [], changed: [], twofold: [], outOfOrder: [] };
