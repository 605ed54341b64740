/** One read at a time on one connection. The table of reads is what a caller may ask a reader thread for. */
import { findAttempt, listAttempts } from './attempt-reads.ts';
import {
  catalogVersion,
  findApiKey,
  findIdempotent,
  findResource,
  findSource,
  inboundSources,
  listAudit,
  listResources,
  runningTasks,
} from './catalog-reads.ts';
import type { Connection } from './connection.ts';
import { listDeliveries } from './delivery-list.ts';
import { countStates, countUsage, listDestinationEvents, listDestinationStates } from './delivery-reads.ts';
import {
  findEvent,
  lastSeq,
  listEvents,
  listMissing,
  readEvents,
  seqAt,
  usedEventTypes,
} from './event-reads.ts';
import { lanes, nextDue, readHealth, takeDue, takeFresh, takeInOrder } from './queue-reads.ts';
import { Deadline, type ReadContext, registerInTime } from './read-context.ts';
import { listRejections } from './rejections.ts';
import { candidates, takeUnindexed } from './search-reads.ts';
import { stats } from './upkeep-reads.ts';

const READS = {
  findAttempt,
  listAttempts,
  catalogVersion,
  findApiKey,
  findIdempotent,
  findResource,
  findSource,
  inboundSources,
  listAudit,
  listResources,
  listRejections,
  runningTasks,
  takeUnindexed,
  candidates,
  countStates,
  countUsage,
  listDeliveries,
  listDestinationEvents,
  listDestinationStates,
  findEvent,
  lastSeq,
  listEvents,
  listMissing,
  readEvents,
  seqAt,
  usedEventTypes,
  lanes,
  nextDue,
  readHealth,
  takeDue,
  takeFresh,
  takeInOrder,
  stats,
} as const;

export type ReadName = keyof typeof READS;
export type ReadQuery<K extends ReadName> = Parameters<(typeof READS)[K]>[1];
export type ReadResult<K extends ReadName> = ReturnType<(typeof READS)[K]>;

export class Reader {
  readonly #db: Connection;
  readonly #deadline = new Deadline();

  constructor(db: Connection) {
    this.#db = db;
    registerInTime(db, this.#deadline);
  }

  /** All statements of one read see one state of the store. `endsAt` is on `performance.now()`'s scale. */
  read<K extends ReadName>(
    name: K,
    query: ReadQuery<K>,
    when: { now: number; endsAt: number },
  ): ReadResult<K> {
    this.#deadline.start(when.endsAt);
    const context: ReadContext = { db: this.#db, now: when.now, deadline: this.#deadline };
    const read = READS[name] as (context: ReadContext, query: ReadQuery<K>) => ReadResult<K>;
    const isNested = this.#db.db.isTransaction;
    if (!isNested) this.#db.run('BEGIN');
    try {
      return read(context, query);
    } finally {
      if (!isNested) this.#db.run('COMMIT');
    }
  }

  close(): void {
    this.#db.close();
  }
}
