/** What changes the queue inside the writer's transaction: attempts, resends, cancellations, health. */
import type { SQLInputValue, StatementSync } from 'node:sqlite';
import type { Health } from '../../core/delivery/health.ts';
import type { Enqueued, EnqueueEntry } from '../../ports/queue.ts';
import {
  CANCELED,
  circuitCode,
  DELIVERED,
  FAILED,
  LATE,
  MANUAL,
  OUTCOME_CANCELED,
  SCHEDULED,
  SENDING,
  triggerCode,
} from '../sql/codes.ts';
import type { RecordOp, WriteOpOf } from '../sql/write-op.ts';
import type { Connection } from './connection.ts';
import { CONSTRAINT, sqliteCode } from './errors.ts';
import { CONTENT_NO } from './event-sql.ts';
import type { IntakeWrites } from './intake.ts';
import type { Interned, Lane, Organization } from './interned.ts';

interface StoredForResend {
  readonly scope_no: number;
  readonly seq: number;
  readonly has_content: number;
}

const ATTEMPT_VALUES = '?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?';

type AttemptOp = Omit<RecordOp, 'publish' | 'health' | 'kind' | 'epoch'>;

export class QueueWrites {
  readonly #db: Connection;
  readonly #interned: Interned;
  readonly #intake: IntakeWrites;
  readonly #insertFirst: StatementSync;
  readonly #insertNext: StatementSync;
  readonly #deleteFresh: StatementSync;
  readonly #deleteWaiting: StatementSync;
  readonly #replaceWaiting: StatementSync;
  readonly #findAttempt: StatementSync;

  constructor(db: Connection, interned: Interned, intake: IntakeWrites) {
    this.#db = db;
    this.#interned = interned;
    this.#intake = intake;
    this.#insertFirst = db.prepare(`INSERT INTO attempt VALUES (?, ?, 1, ${ATTEMPT_VALUES})`);
    this.#insertNext = db.prepare(
      `INSERT INTO attempt VALUES (?1, ?2,
         coalesce((SELECT max(n) FROM attempt WHERE seq = ?1 AND lane_no = ?2), 0) + 1, ${ATTEMPT_VALUES})`,
    );
    this.#deleteFresh = db.prepare('DELETE FROM fresh WHERE lane_no = ? AND seq = ? AND trigger = ?');
    this.#deleteWaiting = db.prepare('DELETE FROM waiting WHERE lane_no = ? AND seq = ? AND trigger = ?');
    this.#replaceWaiting = db.prepare('INSERT OR REPLACE INTO waiting VALUES (?, ?, ?, ?, ?)');
    this.#findAttempt = db.prepare('SELECT 1 FROM attempt WHERE lane_no = ? AND id = ? AND seq = ?');
  }

  record(op: RecordOp, now: number): undefined {
    const organization = this.#interned.organization(op.organization, now);
    const lane = this.#interned.lane(organization, op.destinationId, null);
    const isFresh = this.#deleteFresh.run(lane.no, op.seq, op.trigger).changes !== 0;
    // Nearly all are the first attempt of a fresh delivery: nothing is looked up for them.
    const isWritten = isFresh && op.number === 1 && this.#insertFirstOf(op, lane.no);
    if (!isWritten && !this.#recordNext(op, lane, isFresh)) return undefined;
    if (op.dueAt > 0) this.#replaceWaiting.run(lane.no, op.seq, op.trigger, op.dueAt, op.attempts);
    else if (op.trigger === MANUAL && op.status === DELIVERED) this.#dequeue(lane.no, op.seq, SCHEDULED);
    if (op.health !== undefined) this.#writeHealth(lane.no, op.health.value);
    for (const event of op.publish) this.#intake.accept(event, now);
    return undefined;
  }

  /** Another attempt of the pair, or one that came too late, or one that is recorded already: true = it decides. */
  #recordNext(op: RecordOp, lane: Lane, isFresh: boolean): boolean {
    if (this.#findAttempt.get(lane.no, op.id, op.seq) !== undefined) {
      if (isFresh) this.#db.run('INSERT INTO fresh VALUES (?, ?, ?)', lane.no, op.seq, op.trigger);
      return false;
    }
    if (!isFresh && this.#deleteWaiting.run(lane.no, op.seq, op.trigger).changes === 0) {
      this.#recordLate(op, lane);
      return false;
    }
    this.#insertAttempt(op, lane.no, op.status);
    return true;
  }

  /** The delivery was canceled or settled by a resend while this attempt ran: it is history and decides nothing. */
  #recordLate(op: RecordOp, lane: Lane): void {
    const kept =
      lane.scopeNo !== null &&
      this.#db.get('SELECT 1 FROM event WHERE scope_no = ? AND seq = ?', lane.scopeNo, op.seq) !== undefined;
    if (!kept) return;
    // What the receiver did says as much about it as if the delivery were still there.
    if (op.health !== undefined && !lane.isRemoved) this.#writeHealth(lane.no, op.health.value);
    const status = op.status === SENDING ? FAILED : op.status;
    const late = status === DELIVERED ? DELIVERED : status + LATE;
    this.#insertAttempt({ ...op, nextAttemptAt: null }, lane.no, late);
  }

  /** True when the delivery was there. Most are fresh. */
  #dequeue(laneNo: number, seq: number, trigger: number): boolean {
    return (
      this.#deleteFresh.run(laneNo, seq, trigger).changes !== 0 ||
      this.#deleteWaiting.run(laneNo, seq, trigger).changes !== 0
    );
  }

  #insertAttempt(op: AttemptOp, laneNo: number, status: number): void {
    this.#insertNext.run(op.seq, laneNo, ...valuesOf(op, status));
  }

  /** The first of a pair needs no look at what was recorded before it. False: something was, as a cancellation. */
  #insertFirstOf(op: AttemptOp & { readonly status: number }, laneNo: number): boolean {
    try {
      this.#insertFirst.get(op.seq, laneNo, ...valuesOf(op, op.status));
      return true;
    } catch (error) {
      if (sqliteCode(error) === CONSTRAINT) return false;
      throw error;
    }
  }

  enqueue(op: WriteOpOf<'enqueue'>, now: number): readonly Enqueued[] {
    const organization = this.#interned.organization(op.organization, now);
    return op.entries.map((entry) => this.#enqueueOne(organization, entry, now));
  }

  #enqueueOne(organization: Organization, entry: EnqueueEntry, now: number): Enqueued {
    const event = this.#findEvent(organization, entry, now);
    if (event === undefined) return { kind: 'unknown-event' };
    if (event.has_content === 0) return { kind: 'no-content' };
    const lane = this.#interned.lane(organization, entry.destinationId, event.scope_no);
    const trigger = triggerCode(entry.trigger);
    if (lane.isRemoved || this.#isQueued(lane.no, event.seq, trigger)) return { kind: 'already-queued' };
    if (entry.dueAt > 0) this.#replaceWaiting.run(lane.no, event.seq, trigger, entry.dueAt, 0);
    else this.#db.run('INSERT INTO fresh VALUES (?, ?, ?)', lane.no, event.seq, trigger);
    return { kind: 'queued', seq: event.seq };
  }

  /** In the scope of the lane; a lane that never had an event has none yet, so there all scopes are looked at. */
  #findEvent(organization: Organization, entry: EnqueueEntry, now: number): StoredForResend | undefined {
    const scopeNo = this.#interned.findLane(organization, entry.destinationId)?.scopeNo ?? null;
    return this.#db.get<StoredForResend>(
      `SELECT e.scope_no, e.seq,
         e.expunged = 0 AND e.content_expires_at > ? AND EXISTS (
           SELECT 1 FROM content WHERE no = ${CONTENT_NO}) AS has_content
       FROM scope s CROSS JOIN event e INDEXED BY event_by_id ON e.scope_no = s.no AND e.id = ?
       WHERE s.organization_no = ? AND ${scopeNo === null ? '? IS NULL' : 's.no = ?'}`,
      now,
      entry.eventId,
      organization.no,
      scopeNo,
    );
  }

  #isQueued(laneNo: number, seq: number, trigger: number): boolean {
    const row = this.#db.get(
      `SELECT 1 FROM fresh WHERE lane_no = ?1 AND seq = ?2 AND trigger = ?3
       UNION ALL SELECT 1 FROM waiting WHERE lane_no = ?1 AND seq = ?2 AND trigger = ?3`,
      laneNo,
      seq,
      trigger,
    );
    return row !== undefined;
  }

  /** At most as many as there are ids for the attempts that say so. */
  cancel(op: WriteOpOf<'cancel'>): number | null {
    const organization = this.#interned.findOrganization(op.organization);
    const lane = organization && this.#interned.findLane(organization, op.destinationId);
    if (organization === undefined || lane === undefined) return 0;
    if (op.eventId === null && this.#isServed(organization, op.destinationId)) return null;
    const seq = op.eventId === null ? null : this.#seqOf(lane, op.eventId);
    if (seq === undefined) return 0;
    const rows = this.#db.all<{ seq: number; trigger: number }>(
      `SELECT seq, trigger FROM fresh WHERE lane_no = ?1 AND seq BETWEEN ?2 AND ?3
       UNION ALL SELECT seq, trigger FROM waiting WHERE lane_no = ?1 AND seq BETWEEN ?2 AND ?3
       LIMIT ?4`,
      lane.no,
      seq ?? 0,
      seq ?? Number.MAX_SAFE_INTEGER,
      op.attemptIds.length,
    );
    rows.forEach((row, i) => {
      this.#dequeue(lane.no, row.seq, row.trigger);
      const attempt = { ...op, ...row, id: op.attemptIds[i]!, url: '', outcome: OUTCOME_CANCELED };
      const nothing = {
        statusCode: 0,
        durationMs: 0,
        number: 0,
        nextAttemptAt: null,
        response: null,
        dueAt: 0,
      };
      this.#insertAttempt(
        { ...attempt, ...nothing, startedAt: op.now, status: CANCELED, attempts: 0 },
        lane.no,
        CANCELED,
      );
    });
    return rows.length;
  }

  #isServed(organization: Organization, destinationId: string): boolean {
    const row = this.#db.get(
      `SELECT 1 FROM resource WHERE organization_no = ? AND kind = 'destination' AND id = ?
         AND doc ->> '$.disabled' = 0 AND doc ->> '$.kind' <> 'poller'`,
      organization.no,
      destinationId,
    );
    return row !== undefined;
  }

  #seqOf(lane: Lane, eventId: string): number | undefined {
    return this.#db.get<{ seq: number }>(
      'SELECT seq FROM event WHERE scope_no = ? AND id = ?',
      lane.scopeNo,
      eventId,
    )?.seq;
  }

  hurry(op: WriteOpOf<'hurry'>): number {
    const organization = this.#interned.findOrganization(op.organization);
    const lane = organization && this.#interned.findLane(organization, op.destinationId);
    if (lane === undefined) return 0;
    return this.#db.run(
      `UPDATE waiting SET due_at = ?1 WHERE lane_no = ?2 AND (seq, trigger) IN (
         SELECT seq, trigger FROM waiting INDEXED BY waiting_by_due
         WHERE lane_no = ?2 AND due_at > ?1 AND attempts > 0 ORDER BY due_at LIMIT ?3)`,
      op.now,
      lane.no,
      op.limit,
    );
  }

  writeHealth(op: WriteOpOf<'write-health'>, now: number): undefined {
    const organization = this.#interned.organization(op.organization, now);
    const lane = this.#interned.lane(organization, op.destinationId, null);
    this.#writeHealth(lane.no, op.health);
    return undefined;
  }

  forgetHealth(organization: Organization, destinationId: string): void {
    const lane = this.#interned.findLane(organization, destinationId);
    if (lane !== undefined) this.#writeHealth(lane.no, null);
  }

  #writeHealth(laneNo: number, health: Health | null): void {
    if (health === null) {
      this.#db.run('DELETE FROM health WHERE lane_no = ?', laneNo);
      return;
    }
    this.#db.run(
      'INSERT OR REPLACE INTO health VALUES (?, ?, ?, ?, ?, ?, ?)',
      laneNo,
      health.failuresInRow,
      health.failingSince,
      circuitCode(health.circuit),
      health.probeAt,
      health.probeDelayMs,
      health.throttledUntil,
    );
  }
}

/** In the order of `ATTEMPT_VALUES`. */
function valuesOf(op: AttemptOp, status: number): SQLInputValue[] {
  return [
    op.id,
    op.url,
    op.outcome,
    op.statusCode,
    op.durationMs,
    op.startedAt,
    op.trigger,
    op.number,
    status,
    op.nextAttemptAt,
    op.response,
  ];
}
