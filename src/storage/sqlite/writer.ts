/**
 * The one writer. A batch is one transaction:
 *
 *   begin ──each write──> commit                 every result is told after the commit
 *     └──disk, file──> rollback                   nothing was written, all are refused
 *     └──a bug in one write──> rollback, then one transaction per write: only that one is refused
 */
import type { Settled, WriteOp } from '../sql/write-op.ts';
import { CatalogWrites } from './catalog-writes.ts';
import type { Connection } from './connection.ts';
import { lostStore } from './errors.ts';
import { IntakeWrites } from './intake.ts';
import { Interned } from './interned.ts';
import { QueueWrites } from './queue-writes.ts';
import { addRejection } from './rejections.ts';
import { indexEvents } from './search-writes.ts';
import { UpkeepWrites } from './upkeep-writes.ts';
import { WriteAheadLog } from './write-ahead-log.ts';

export class Writer {
  readonly #db: Connection;
  readonly #interned: Interned;
  readonly #intake: IntakeWrites;
  readonly #queue: QueueWrites;
  readonly #catalog: CatalogWrites;
  readonly #upkeep: UpkeepWrites;
  readonly #log: WriteAheadLog;

  constructor(db: Connection, limits: { walPagesMax: number }) {
    this.#db = db;
    const interned = new Interned(db);
    this.#interned = interned;
    this.#intake = new IntakeWrites(db, interned);
    this.#queue = new QueueWrites(db, interned, this.#intake);
    this.#catalog = new CatalogWrites(db, { interned, intake: this.#intake, queue: this.#queue });
    this.#upkeep = new UpkeepWrites(db, interned, this.#intake);
    this.#log = new WriteAheadLog(db, limits.walPagesMax);
  }

  /** Throws a Problem when nothing of the batch was written. */
  run(ops: readonly WriteOp[], now: number): readonly Settled[] {
    try {
      return this.#transact(ops, now);
    } catch (error) {
      const lost = lostStore(error);
      if (lost !== undefined) throw lost;
      return ops.length === 1 ? [{ error }] : ops.map((op) => this.#runAlone(op, now));
    } finally {
      if (ops.some((op) => op.kind === 'checkpoint')) this.#log.foldAll();
    }
  }

  #runAlone(op: WriteOp, now: number): Settled {
    try {
      return this.#transact([op], now)[0]!;
    } catch (error) {
      return { error: lostStore(error) ?? error };
    }
  }

  /** Between two batches, when nobody waits for an answer. */
  rest(): void {
    this.#log.foldWhenLong();
  }

  close(): void {
    this.#log.foldAll();
    this.#db.close();
  }

  #transact(ops: readonly WriteOp[], now: number): readonly Settled[] {
    const lastSeq = this.#intake.lastSeq;
    try {
      this.#db.run('BEGIN IMMEDIATE');
      const settled = ops.map((op) => ({ value: this.#apply(op, now) }));
      this.#db.run('COMMIT');
      this.#log.grew(ops);
      return settled;
    } catch (error) {
      this.#interned.forget();
      this.#intake.rewind(lastSeq);
      // SQLite has rolled back by itself after some errors.
      if (this.#db.db.isTransaction) this.#db.run('ROLLBACK');
      throw error;
    }
  }

  #apply(op: WriteOp, now: number): unknown {
    switch (op.kind) {
      case 'accept':
        return this.#intake.accept(op, now);
      case 'record':
        return this.#queue.record(op, now);
      case 'enqueue':
        return this.#queue.enqueue(op, now);
      case 'cancel':
        return this.#queue.cancel(op);
      case 'hurry':
        return this.#queue.hurry(op);
      case 'write-health':
        return this.#queue.writeHealth(op, now);
      case 'open-organization':
        return this.#catalog.openOrganization(op.organization, now);
      case 'change':
        return this.#undoUnlessDone(() => this.#catalog.change(op, now));
      case 'expunge-content':
        return this.#upkeep.expungeContent(op);
      case 'expunge-response':
        return this.#upkeep.expungeResponse(op);
      case 'expunge-contents':
        return this.#upkeep.expungeContents(op);
      case 'prune':
        return this.#upkeep.prune(op);
      case 'add-rejection':
        return addRejection(this.#db, op);
      case 'index':
        return indexEvents(this.#db, op.entries);
      case 'checkpoint':
        return undefined;
      case 'ping':
        this.#db.run(`UPDATE meta SET value = value + 1 WHERE name = 'pings'`);
        return undefined;
    }
  }

  /** A refused change set leaves nothing behind and does not spoil the rest of the batch. */
  #undoUnlessDone<Result extends { readonly kind: string }>(change: () => Result): Result {
    this.#db.run('SAVEPOINT change');
    const result = change();
    if (result.kind !== 'done') {
      this.#db.run('ROLLBACK TO change');
      this.#interned.forget();
    }
    this.#db.run('RELEASE change');
    return result;
  }
}
