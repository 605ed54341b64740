/**
 * The hot writes of this node: accepts and records. A batch is one statement, so one round trip and one commit:
 *
 *   learn names, make days ──posthorn_write_1──> committed, each is told its result
 *     ├──somebody was there first, a lane or a day is gone, a deadlock──> nothing was written: again, as they are now
 *     ├──a bug in one write──> halves, and their halves: only that one is refused
 *     └──the database is gone──> all are refused; whether it was written is not known
 */
import { Problem } from '../../core/problem.ts';
import { RETRY_AFTER_SECONDS } from '../sql/limits.ts';
import type { AcceptOp, RecordOp, Settled, WriteOp } from '../sql/write-op.ts';
import type { WriteHop } from '../sql/write-queue.ts';
import type { Connections, Session } from './connection.ts';
import type { Days } from './days.ts';
import { CHECK_VIOLATION, CLAIMED_MEANWHILE, isTransient, LANE_GONE, lostStore, sqlState } from './errors.ts';
import { AcceptResults } from './intake.ts';
import type { Interned, Known } from './interned.ts';
import { WRITE_BATCH, type WriteAnswer, WriteBatch } from './write-batch.ts';

export interface WriterOptions {
  readonly connections: Pick<Connections, 'hot'>;
  readonly interned: Interned;
  readonly days: Days;
  readonly now: () => number;
  /** Under which attempts may be recorded now; 0 = this store has not joined a cluster. */
  readonly epoch: () => number;
}

type HotOp = AcceptOp | RecordOp;

/** Numbers that one transaction can give (posthorn_take_seqs), with room for what an operation adds. */
const SEQS_MAX = 8_000;
/** Deliveries of one statement, with room for one more event: a fraction of a second of its deadline. */
const DELIVERIES_MAX = 10_000;
const RUNS_MAX = 8;

export class Writer implements WriteHop {
  readonly #options: WriterOptions;
  #connection = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  soon(flush: () => void): void {
    setImmediate(flush);
  }

  async run(ops: readonly WriteOp[]): Promise<readonly Settled[]> {
    const settled: Settled[] = [];
    for (const part of partsOf(ops as readonly HotOp[])) settled.push(...(await this.#runPart(part)));
    return settled;
  }

  /** Never rejects: what was in an earlier part stays written. */
  async #runPart(ops: readonly HotOp[]): Promise<readonly Settled[]> {
    try {
      return await this.#write(ops);
    } catch (cause) {
      const error = lostStore(cause);
      if (error !== undefined) return ops.map(() => ({ error }));
      if (ops.length === 1) return [{ error: cause }];
      const half = ops.length >> 1;
      const first = await this.#runPart(ops.slice(0, half));
      return [...first, ...(await this.#runPart(ops.slice(half)))];
    }
  }

  #write(ops: readonly HotOp[]): Promise<readonly Settled[]> {
    const { connections, interned } = this.#options;
    return connections.hot(async (session) => {
      if (session.connection !== this.#connection) {
        interned.forget();
        await session.query('SELECT posthorn_skip_lost_seqs_1()');
        this.#connection = session.connection;
      }
      return this.#writeOn(session, ops);
    });
  }

  async #writeOn(session: Session, ops: readonly HotOp[]): Promise<readonly Settled[]> {
    const { interned, days, now } = this.#options;
    let isCareful = false;
    for (let run = 1; ; run++) {
      const known = await interned.learn(ops, session);
      const epoch = this.#options.epoch();
      const { batch, numbers } = batchOf(ops, known, epoch);
      if (batch.isEmpty) return ops.map(() => ({ value: 'fenced' }));
      await days.ensure(batch.days);
      try {
        const values = batch.values({ epoch, now: now(), isCareful });
        const [answer] = await session.query<WriteAnswer>(WRITE_BATCH, values);
        return settle(ops, numbers, { known, answer: answer! });
      } catch (cause) {
        if (!this.#canMend(cause)) throw cause;
        if (run >= RUNS_MAX) throw busy(cause);
        isCareful ||= sqlState(cause) === CLAIMED_MEANWHILE;
      }
    }
  }

  /** Nothing was written, and will be when the batch is made anew. */
  #canMend(cause: unknown): boolean {
    const code = sqlState(cause);
    if (code === LANE_GONE) this.#options.interned.forget();
    if (code === CHECK_VIOLATION) this.#options.days.forget();
    return isTransient(cause) || code === CLAIMED_MEANWHILE || code === LANE_GONE || code === CHECK_VIOLATION;
  }
}

/**
 * A statement sees no half of itself: what depends on an earlier write of the same batch goes into a later part. That is
 * another attempt of the same delivery, and an Idempotency-Key or an entry of the outbox that comes twice. So does what
 * one statement could not write in time: a batch of events that each go to a thousand endpoints.
 */
function* partsOf(ops: readonly HotOp[]): Generator<readonly HotOp[]> {
  let part: HotOp[] = [];
  let seqs = 0;
  let deliveries = 0;
  const keys = new Set<string>();
  for (const op of ops) {
    const key = keyOf(op);
    const more = op.kind === 'record' ? 1 + op.publish.length : 1;
    const isFull = seqs + more > SEQS_MAX || deliveries >= DELIVERIES_MAX;
    if (isFull || (key !== undefined && keys.has(key))) {
      yield part;
      part = [];
      seqs = 0;
      deliveries = 0;
      keys.clear();
    }
    part.push(op);
    seqs += more;
    deliveries += op.kind === 'accept' ? op.destinations.length : 0;
    if (key !== undefined) keys.add(key);
  }
  if (part.length > 0) yield part;
}

function keyOf(op: HotOp): string | undefined {
  if (op.kind === 'record') return `${op.destinationId}${op.seq}`;
  if (op.outboxNo !== null) return `${op.outboxNo}`;
  if (op.idempotency === null) return undefined;
  return `${op.organization} ${Buffer.from(op.idempotency.keyHash).toString('latin1')}`;
}

interface Numbered {
  readonly batch: WriteBatch;
  /** Per op: the number of its event; 0 = a record; -1 = a record of an epoch that has ended, which is not sent. */
  readonly numbers: readonly number[];
}

function batchOf(ops: readonly HotOp[], known: Known, epoch: number): Numbered {
  const batch = new WriteBatch(known);
  const numbers = ops.map((op) => {
    if (op.kind === 'accept') return batch.accept(op);
    if (op.epoch !== epoch) return -1;
    batch.record(op);
    return 0;
  });
  return { batch, numbers };
}

function settle(
  ops: readonly HotOp[],
  numbers: readonly number[],
  { known, answer }: { known: Known; answer: WriteAnswer },
): readonly Settled[] {
  const accepted = new AcceptResults(answer);
  return ops.map((op, i) => {
    const number = numbers[i]!;
    if (op.kind === 'accept') return { value: accepted.of(number, known.get(op.organization)!.no) };
    return { value: answer.fenced || number < 0 ? 'fenced' : undefined };
  });
}

function busy(cause: unknown): Problem {
  return new Problem('unavailable', 'Others write the same things all the time; try again shortly.', {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    cause,
  });
}
