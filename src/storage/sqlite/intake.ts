/** Accepts one event inside the writer's transaction: event, content, deliveries, idempotency record. */
import type { StatementSync } from 'node:sqlite';
import type { EventId } from '../../core/ids.ts';
import type { AcceptResult, IdempotencyRecord, IdempotencyResult } from '../../ports/intake.ts';
import { SCHEDULED } from '../sql/codes.ts';
import type { AcceptOp } from '../sql/write-op.ts';
import type { Connection } from './connection.ts';
import { HOUR_MS } from './event-sql.ts';
import type { Interned, Organization } from './interned.ts';

export class IntakeWrites {
  readonly #db: Connection;
  readonly #interned: Interned;
  readonly #insertEvent: StatementSync;
  readonly #insertContent: StatementSync;
  readonly #insertFresh: StatementSync;
  readonly #insertWaiting: StatementSync;
  /** The highest seq given so far. */
  #lastSeq: number;

  constructor(db: Connection, interned: Interned) {
    this.#db = db;
    this.#interned = interned;
    this.#insertEvent = db.prepare('INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)');
    this.#insertContent = db.prepare('INSERT INTO content VALUES ((? << 40) | ?, ?)');
    this.#insertFresh = db.prepare('INSERT OR IGNORE INTO fresh VALUES (?, ?, ?)');
    this.#insertWaiting = db.prepare('INSERT OR IGNORE INTO waiting VALUES (?, ?, ?, ?, 0)');
    this.#lastSeq = readLastSeq(db);
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** After a rollback, the seqs of the batch are given again: nobody was told of them. */
  rewind(seq: number): void {
    this.#lastSeq = seq;
  }

  accept(op: AcceptOp, now: number): AcceptResult {
    const organization = this.#interned.organization(op.organization, now);
    if (op.idempotency !== null) {
      const answered = this.findAnswered(organization, op.idempotency, now);
      if (answered !== null) return answered;
    }
    const { catalogVersion } = organization;
    if (op.catalogVersion !== null && op.catalogVersion !== catalogVersion) {
      return { kind: 'stale', catalogVersion };
    }
    const scopeNo = this.#interned.scope(organization, op.applicationId);
    if (op.eventId !== null) {
      const taken = this.#findByEventId(scopeNo, op.eventId);
      if (taken !== undefined) return { kind: 'duplicate', id: taken };
    }
    const seq = this.#lastSeq + 1;
    this.#lastSeq = seq;
    const typeNo = this.#interned.type(organization, op.type);
    // `get` instead of `run`: no result object is made, which saves 0.25 µs per row.
    this.#insertEvent.get(
      scopeNo,
      seq,
      op.id,
      typeNo,
      op.eventId,
      op.acceptedAt,
      op.contentExpiresAt,
      op.more,
    );
    this.#insertContent.get(Math.floor(op.contentExpiresAt / HOUR_MS), seq, op.content);
    this.#queue(op, seq, { organization, scopeNo, now });
    if (op.idempotency !== null) this.rememberAnswer(organization, op.idempotency);
    return { kind: 'accepted', seq, catalogVersion };
  }

  /** A destination that was removed since the deliveries were planned gets none. */
  #queue(op: AcceptOp, seq: number, to: { organization: Organization; scopeNo: number; now: number }): void {
    for (const destinationId of op.destinations) {
      const lane = this.#interned.lane(to.organization, destinationId, to.scopeNo);
      if (lane.isRemoved) continue;
      if (op.deliverAt > to.now) this.#insertWaiting.get(lane.no, seq, SCHEDULED, op.deliverAt);
      else this.#insertFresh.get(lane.no, seq, SCHEDULED);
    }
  }

  #findByEventId(scopeNo: number, eventId: string): EventId | undefined {
    const row = this.#db.get<{ id: EventId }>(
      'SELECT id FROM event WHERE scope_no = ? AND event_id = ?',
      scopeNo,
      eventId,
    );
    return row?.id;
  }

  /** What the same Idempotency-Key was answered before; null = it is new, or has expired. */
  findAnswered(organization: Organization, asked: IdempotencyRecord, now: number): IdempotencyResult | null {
    const row = this.#db.get<{ body_hash: Uint8Array; status: number; response: string }>(
      `SELECT body_hash, status, response FROM idempotency
       WHERE organization_no = ? AND key_hash = ? AND expires_at > ?`,
      organization.no,
      asked.keyHash,
      now,
    );
    if (row === undefined) return null;
    if (Buffer.compare(row.body_hash, asked.bodyHash) !== 0) return { kind: 'key-reused' };
    return { kind: 'replayed', status: row.status, response: row.response };
  }

  rememberAnswer(organization: Organization, answer: IdempotencyRecord): void {
    this.#db.run(
      'INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?, ?)',
      organization.no,
      answer.keyHash,
      answer.bodyHash,
      answer.status,
      answer.response,
      answer.expiresAt,
    );
  }
}

/** The highest seq ever given: of the events that are there, or as noted when the last ones were pruned. */
export function readLastSeq(db: Connection): number {
  const row = db.get<{ seq: number }>(
    `SELECT max(
       coalesce((SELECT max((SELECT max(seq) FROM event WHERE scope_no = scope.no)) FROM scope), 0),
       coalesce((SELECT value FROM meta WHERE name = 'last_seq'), 0)
     ) AS seq`,
  );
  return row!.seq;
}
