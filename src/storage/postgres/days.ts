/**
 * Partitions by day. Before a batch is written the days that it needs are made, in statements of their own; some days
 * ahead too, so that a midnight costs no publisher anything and a lost right is noticed before it hurts.
 */
import { Problem } from '../../core/problem.ts';
import type { Log } from '../../ports/log.ts';
import type { Connections } from './connection.ts';

const DAYS_AHEAD = 3;

export type DayTable = 'event' | 'content' | 'attempt';
const TABLES: readonly DayTable[] = ['event', 'content', 'attempt'];
export type NeededDays = Readonly<Record<DayTable, ReadonlySet<number>>>;

export class Days {
  readonly #connections: Pick<Connections, 'query'>;
  readonly #log: Log;
  /** Days that have their partition. */
  #made = noDays();
  /** Days that were needed: those after them are made, or are being made. */
  #needed = noDays();

  constructor(connections: Pick<Connections, 'query'>, log: Log) {
    this.#connections = connections;
    this.#log = log;
  }

  /** After a write found a partition missing: another node dropped it, because its day was over. */
  forget(): void {
    this.#made = noDays();
    this.#needed = noDays();
  }

  async ensure(needed: NeededDays): Promise<void> {
    for (const table of TABLES) {
      for (const day of needed[table]) {
        if (this.#needed[table].has(day)) continue;
        await this.#make(table, day);
        this.#needed[table].add(day);
        void this.#makeAhead(table, day);
      }
    }
  }

  async #makeAhead(table: DayTable, after: number): Promise<void> {
    try {
      for (let day = after + 1; day <= after + DAYS_AHEAD; day++) await this.#make(table, day);
    } catch (cause) {
      // A database that is away now is no reason to worry: what is missing then is made when it is needed.
      if (!(cause instanceof Problem)) this.#log.error('storage.days-ahead-failed', cause, { table });
    }
  }

  async #make(table: DayTable, day: number): Promise<void> {
    if (this.#made[table].has(day)) return;
    await this.#connections.query('SELECT posthorn_ensure_day($1, $2)', [table, day]);
    this.#made[table].add(day);
  }
}

function noDays(): Record<DayTable, Set<number>> {
  return { event: new Set(), content: new Set(), attempt: new Set() };
}
