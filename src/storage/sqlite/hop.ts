/** The way from a caller to the synchronous driver code, in two forms: on this thread, or on threads of its own. */
import type { Clock } from '../../ports/clock.ts';
import type { WriteHop } from '../sql/write-queue.ts';
import type { Connection } from './connection.ts';
import { lostStore } from './errors.ts';
import { Reader, type ReadName, type ReadQuery, type ReadResult } from './reader.ts';
import { Writer } from './writer.ts';

export interface Hop extends WriteHop {
  read<K extends ReadName>(name: K, query: ReadQuery<K>): Promise<ReadResult<K>>;
  close(): Promise<void>;
}

/** Everything on the caller's thread and in its order: for simulation, conformance and databases in memory. */
export function inlineHop(db: Connection, options: { clock: Clock; walPagesMax: number }): Hop {
  const { clock } = options;
  const writer = new Writer(db, options);
  const reader = new Reader(db);
  return {
    soon: queueMicrotask,
    async run(ops) {
      const settled = writer.run(ops, clock.now());
      writer.rest();
      return settled;
    },
    async read(name, query) {
      try {
        return reader.read(name, query, { now: clock.now(), endsAt: Number.POSITIVE_INFINITY });
      } catch (error) {
        throw lostStore(error) ?? error;
      }
    },
    async close() {
      writer.close();
    },
  };
}
