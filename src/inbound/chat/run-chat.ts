/**
 * Keeps a chat connected, and takes what is heard there, in order. A chat acknowledges nothing: what was heard while the
 * store is away is held and tried again up to a bound, also over a reconnection, and then told as lost.
 */
import type { InboundHost, InboundItem, RunningInbound } from '../../ports/inbound.ts';
import type { InboundParts } from '../inbound-parts.ts';
import { trouble } from '../queue/trouble.ts';
import { keepTrying, type Pauses, type Steady, sleepOnce } from '../steady.ts';
import { type TakenAtLast, takeAgain } from '../take-again.ts';

/** What one connection may ask for. */
export interface Chat {
  /** Aborted when the source is to stop. */
  readonly stopping: AbortSignal;
  /** Resolves when the source is to stop, or when the connection has failed. */
  readonly over: Promise<void>;
  /** All is well: we are where we should be. */
  ready(): void;
  /** We are there, but something is not as it should be, e.g. a room that does not let us in. */
  troubled(detail: string): void;
  /** The connection is of no use any more. The first cause is told. */
  fail(cause: unknown): void;
  /** Takes what was heard, in its turn. `done` is told what became of it. */
  hear(item: InboundItem, done: (taken: TakenAtLast) => void): void;
  /** Nothing is being taken. Ask before a connection is closed that is still good, or answers are lost. */
  settled(): Promise<void>;
}

const PAUSES: Pauses = { firstMs: 1_000, longestMs: 60_000 };
/** A connection that held that long was a good one: the next failure is a first one. */
const GOOD_AFTER_MS = 60_000;
/** Messages that wait for the store. */
const WAITING_MAX = 1_000;

/** `connect` opens a connection, listens until `chat.over`, and closes it. Rejecting is failing. */
export function runChat(
  parts: InboundParts,
  host: InboundHost,
  connect: (chat: Chat) => Promise<void>,
): RunningInbound {
  const { clock, dice, log } = parts;
  const stopping = new AbortController();
  const health = healthOf(host);
  const inbox = inboxOf(parts, host, { health, signal: stopping.signal });
  const onFailure = (cause: unknown): void => {
    const detail = trouble(cause);
    log.warn('inbound.chat-ended', { source: host.source.id, kind: host.source.kind, detail });
    health.failing(detail);
  };
  const run = keepTrying({ clock, dice, pauses: PAUSES, onFailure }, async (steady) => {
    const { chat, failure } = chatOf(steady, health, inbox);
    const begun = clock.now();
    try {
      await connect(chat);
    } catch (error) {
      chat.fail(error);
    }
    if (clock.now() - begun > GOOD_AFTER_MS) steady.succeeded();
    if (!steady.isStopped) throw failure();
  });
  return {
    async stop() {
      stopping.abort();
      await run.stop();
      await inbox.settled();
    },
  };
}

interface Health {
  running(): void;
  failing(detail: string): void;
  /** Beside whatever it is. */
  note(detail: string): void;
}

/** Tells changes only: health is a row in the store. */
function healthOf(host: InboundHost): Health {
  let state: 'running' | 'failing' = 'failing';
  let told = '';
  const tell = (now: typeof state, detail: string | null): void => {
    state = now;
    if (told === `${now} ${detail}`) return;
    told = `${now} ${detail}`;
    host.health(now, detail);
  };
  return {
    running: () => tell('running', null),
    failing: (detail) => tell('failing', detail),
    note: (detail) => tell(state, detail),
  };
}

function chatOf(
  steady: Steady,
  health: Health,
  inbox: Inbox,
): { readonly chat: Chat; readonly failure: () => unknown } {
  const broken = new AbortController();
  const ending = AbortSignal.any([steady.signal, broken.signal]);
  let failure: unknown = new Error('The connection ended.');
  const chat: Chat = {
    stopping: steady.signal,
    over: new Promise((resolve) => {
      if (ending.aborted) resolve();
      else ending.addEventListener('abort', () => resolve(), { once: true });
    }),
    ready: () => health.running(),
    troubled: (detail) => health.failing(detail),
    fail(cause) {
      if (broken.signal.aborted) return;
      failure = cause;
      broken.abort();
    },
    ...inbox,
  };
  return { chat, failure: () => failure };
}

type Inbox = Pick<Chat, 'hear' | 'settled'>;

function inboxOf(
  { clock, log }: InboundParts,
  host: InboundHost,
  { health, signal }: { readonly health: Health; readonly signal: AbortSignal },
): Inbox {
  let waiting = 0;
  let lost = 0;
  let last: Promise<void> = Promise.resolve();
  const wait = {
    get isStopped() {
      return signal.aborted;
    },
    sleep: (ms: number) => sleepOnce(clock, ms, signal),
    unexpected: (error: unknown) => log.error('inbound.take-failed', error, { source: host.source.id }),
  };
  const tellLost = (why: string): void => {
    lost += 1;
    const times = lost === 1 ? '' : ` (${lost} messages since the start)`;
    health.note(`A message was not taken: ${why}${times}`);
  };
  const takeOne: (...heard: Parameters<Chat['hear']>) => Promise<void> = async (item, done) => {
    const taken = await takeAgain(host, item, wait);
    if (taken.kind === 'untaken') tellLost(taken.detail);
    done(taken);
  };
  return {
    hear(item, done) {
      if (waiting >= WAITING_MAX) {
        const detail = `more than ${WAITING_MAX} wait for the store`;
        tellLost(detail);
        done({ kind: 'untaken', detail, isFinal: false });
        return;
      }
      waiting += 1;
      last = last
        .then(() => takeOne(item, done))
        // Not stored is told above; this is an answer that could not be made.
        .catch((error) => log.error('inbound.answer-failed', error, { source: host.source.id }))
        .finally(() => {
          waiting -= 1;
        });
    },
    settled: () => last,
  };
}
