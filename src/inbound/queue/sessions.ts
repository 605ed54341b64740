/** Keeps a queue read: one session after another, each with a connection of its own, with growing pauses between. */
import type { InboundHost, RunningInbound } from '../../ports/inbound.ts';
import type { InboundParts } from '../inbound-parts.ts';
import { keepTrying, type Steady } from '../steady.ts';
import { QUEUE_PAUSES, type Taker, takerOf } from './taker.ts';
import { trouble } from './trouble.ts';

export interface Session {
  readonly taker: Taker;
  /** Aborted when the source is to stop, or when the session has failed. */
  readonly ending: AbortSignal;
  /** Resolves when `ending` is aborted. */
  readonly over: Promise<void>;
  /** Messages flow: earlier failures are forgotten. */
  flowing(): void;
  /** The connection is of no use any more. The first cause is told. */
  fail(cause: unknown): void;
  /** Work on a message, which `settled` waits for. If it rejects, the session has failed. */
  work(task: () => Promise<void>): void;
  /** Nothing is being worked on. Ask before the connection is closed, or acknowledgements are lost. */
  settled(): Promise<void>;
}

/** Connects, reads until `session.over`, cleans up. Rejecting is failing. */
export type RunSession = (session: Session) => Promise<void>;

export function runSessions(parts: InboundParts, host: InboundHost, run: RunSession): RunningInbound {
  const { clock, dice, log } = parts;
  const taker = takerOf(host, parts);
  const onFailure = (cause: unknown): void => {
    const detail = trouble(cause);
    log.warn('inbound.session-ended', { source: host.source.id, kind: host.source.kind, detail });
    taker.broken(detail);
  };
  return keepTrying({ clock, dice, pauses: QUEUE_PAUSES, onFailure }, async (steady) => {
    const { session, failure } = sessionOf(taker, steady);
    try {
      await run(session);
    } catch (error) {
      session.fail(error);
    }
    await session.settled();
    throw failure();
  });
}

function sessionOf(taker: Taker, steady: Steady): { session: Session; failure: () => unknown } {
  const broken = new AbortController();
  const ending = AbortSignal.any([steady.signal, broken.signal]);
  const working = new Set<Promise<void>>();
  let failure: unknown;

  const fail = (cause: unknown): void => {
    if (broken.signal.aborted) return;
    failure = cause;
    broken.abort();
  };
  const session: Session = {
    taker,
    ending,
    fail,
    over: new Promise((resolve) => {
      if (ending.aborted) resolve();
      else ending.addEventListener('abort', () => resolve(), { once: true });
    }),
    flowing() {
      steady.succeeded();
      taker.flowing();
    },
    work(task) {
      const job = task().catch(fail);
      working.add(job);
      void job.finally(() => working.delete(job));
    },
    async settled() {
      while (working.size > 0) await Promise.all(working);
    },
  };
  return { session, failure: () => failure };
}
