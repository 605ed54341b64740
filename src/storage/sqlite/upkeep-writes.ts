/** Clean-up and erasure inside the writer's transaction, in bounded steps. */
import { idAt, RECEIVED } from '../../core/ids.ts';
import type { WriteOpOf } from '../sql/write-op.ts';
import type { Connection } from './connection.ts';
import { CONTENT_NO, HOUR_MS, ID_SLACK_MS } from './event-sql.ts';
import type { IntakeWrites } from './intake.ts';
import type { Interned } from './interned.ts';
import { dropFromIndex } from './search-writes.ts';

/** Scopes that one step of pruning looks at when they have nothing to drop. */
const SCOPES_SEEN_MAX = 5000;
/** Events that it looks at when they must stay. */
const EVENTS_SEEN_MAX = 5000;
/** Organizations whose audit log one step looks at. */
const AUDITS_SEEN_MAX = 1000;

export class UpkeepWrites {
  readonly #db: Connection;
  readonly #interned: Interned;
  readonly #intake: IntakeWrites;
  /** Where the last step of pruning ended: events that must stay are not looked at again until the next round. */
  #cursor = { scopeNo: 0, seq: 0 };
  /** The organization whose audit log is looked at next. */
  #auditCursor = 0;

  constructor(db: Connection, interned: Interned, intake: IntakeWrites) {
    this.#db = db;
    this.#interned = interned;
    this.#intake = intake;
  }

  prune(op: WriteOpOf<'prune'>): number {
    let left = op.limit;
    left -= this.#db.run(
      'DELETE FROM content WHERE no IN (SELECT no FROM content WHERE no < (? << 40) LIMIT ?)',
      Math.floor(op.now / HOUR_MS),
      left,
    );
    left -= this.#db.run(
      `DELETE FROM idempotency WHERE (organization_no, key_hash) IN (
         SELECT organization_no, key_hash FROM idempotency WHERE expires_at <= ? LIMIT ?)`,
      op.now,
      left,
    );
    left -= this.#db.run(
      `DELETE FROM resource WHERE no IN (
         SELECT no FROM resource WHERE kind = 'revoked-token' AND doc ->> '$.expiresAt' <= ? LIMIT ?)`,
      op.now,
      left,
    );
    left -= this.#sweepRemovedLanes(left);
    left -= this.#dropAudit(op.historyBefore, left);
    left -= this.#dropEvents(op.historyBefore, left);
    return op.limit - left;
  }

  /** One look per organization, since its entries lie together in order of time; they are never scanned. */
  #dropAudit(before: number, limit: number): number {
    const beforeId = idAt(before, 'first');
    let dropped = 0;
    for (let seen = 0; seen < AUDITS_SEEN_MAX && dropped < limit; seen++) {
      const next = this.#db.get<{ no: number }>(
        'SELECT organization_no AS no FROM audit WHERE organization_no >= ? ORDER BY organization_no LIMIT 1',
        this.#auditCursor,
      );
      if (next === undefined) {
        this.#auditCursor = 0;
        break;
      }
      const room = limit - dropped;
      const gone = this.#db.run(
        `DELETE FROM audit WHERE organization_no = ?1 AND id IN (
           SELECT id FROM audit WHERE organization_no = ?1 AND id < ?2 ORDER BY id LIMIT ?3)`,
        next.no,
        beforeId,
        room,
      );
      dropped += gone;
      this.#auditCursor = gone < room ? next.no + 1 : next.no;
    }
    return dropped;
  }

  /** What a removed destination still had queued; then the tombstone itself, when no history names it. */
  #sweepRemovedLanes(limit: number): number {
    let left = limit;
    const lanes = this.#db.all<{ no: number }>(
      `SELECT no FROM lane l WHERE removed_at IS NOT NULL AND (
         EXISTS (SELECT 1 FROM fresh WHERE lane_no = l.no) OR
         EXISTS (SELECT 1 FROM waiting WHERE lane_no = l.no) OR
         NOT EXISTS (SELECT 1 FROM attempt WHERE lane_no = l.no)) LIMIT ?`,
      limit,
    );
    for (const { no } of lanes) {
      for (const table of ['fresh', 'waiting']) {
        left -= this.#db.run(
          `DELETE FROM ${table} WHERE (lane_no, seq, trigger) IN (
             SELECT lane_no, seq, trigger FROM ${table} WHERE lane_no = ? LIMIT ?)`,
          no,
          left,
        );
      }
      if (left <= 0) return limit;
      const gone = this.#db.run(
        'DELETE FROM lane WHERE no = ?1 AND NOT EXISTS (SELECT 1 FROM attempt WHERE lane_no = ?1)',
        no,
      );
      if (gone > 0) {
        this.#db.run('DELETE FROM health WHERE lane_no = ?', no);
        this.#interned.forget();
      }
      left -= gone;
    }
    return limit - left;
  }

  #dropEvents(before: number, limit: number): number {
    let dropped = 0;
    let scopesSeen = 0;
    let eventsSeen = 0;
    while (dropped < limit && scopesSeen < SCOPES_SEEN_MAX && eventsSeen < EVENTS_SEEN_MAX) {
      const scopeNo = this.#scopeFrom(this.#cursor.scopeNo);
      if (scopeNo === undefined) {
        this.#cursor = { scopeNo: 0, seq: 0 };
        break;
      }
      const after = scopeNo === this.#cursor.scopeNo ? this.#cursor.seq : 0;
      const room = limit - dropped;
      const chunk = this.#oldEvents(scopeNo, { after, before, limit: room });
      scopesSeen += 1;
      eventsSeen += chunk.length;
      dropped += this.#dropChunk(scopeNo, chunk);
      const isThrough = chunk.length < room;
      this.#cursor = isThrough
        ? { scopeNo: scopeNo + 1, seq: 0 }
        : { scopeNo, seq: chunk[chunk.length - 1]! };
    }
    if (dropped > 0) {
      this.#db.run(`INSERT OR REPLACE INTO meta VALUES ('last_seq', ?)`, this.#intake.lastSeq);
    }
    return dropped;
  }

  #scopeFrom(scopeNo: number): number | undefined {
    return this.#db.get<{ no: number }>('SELECT no FROM scope WHERE no >= ? ORDER BY no LIMIT 1', scopeNo)
      ?.no;
  }

  #oldEvents(scopeNo: number, from: { after: number; before: number; limit: number }): number[] {
    const seqs: number[] = [];
    const rows = this.#db.iterate<{ seq: number; accepted_at: number }>(
      'SELECT seq, accepted_at FROM event WHERE scope_no = ? AND seq > ? ORDER BY seq LIMIT ?',
      scopeNo,
      from.after,
      from.limit,
    );
    for (const row of rows) {
      if (row.accepted_at >= from.before) break;
      seqs.push(row.seq);
    }
    return seqs;
  }

  /** An event that an unsettled delivery still needs stays. */
  #dropChunk(scopeNo: number, seqs: readonly number[]): number {
    if (seqs.length === 0) return 0;
    const needed = new Set<number>();
    for (const table of ['fresh', 'waiting']) {
      const rows = this.#db.iterate<{ seq: number }>(
        `SELECT q.seq FROM lane l CROSS JOIN ${table} q ON q.lane_no = l.no AND q.seq BETWEEN ? AND ?
         WHERE l.scope_no = ?`,
        seqs[0]!,
        seqs[seqs.length - 1]!,
        scopeNo,
      );
      for (const { seq } of rows) needed.add(seq);
    }
    const isReceived = this.#isReceived(scopeNo);
    let dropped = 0;
    for (const seq of seqs) {
      if (needed.has(seq)) continue;
      this.#db.run(
        `DELETE FROM content WHERE no = (SELECT ${CONTENT_NO} FROM event e WHERE scope_no = ? AND seq = ?)`,
        scopeNo,
        seq,
      );
      this.#db.run('DELETE FROM attempt WHERE seq = ?', seq);
      dropped += this.#db.run('DELETE FROM event WHERE scope_no = ? AND seq = ?', scopeNo, seq);
      if (isReceived) dropFromIndex(this.#db, seq);
    }
    return dropped;
  }

  #isReceived(scopeNo: number): boolean {
    const scope = this.#db.get<{ owner: string }>(
      'SELECT application_id AS owner FROM scope WHERE no = ?',
      scopeNo,
    );
    return scope?.owner === RECEIVED;
  }

  expungeContent(op: WriteOpOf<'expunge-content'>): boolean {
    const scopeNo = this.#scopeOf(op);
    const event = this.#db.get<{ seq: number }>(
      'SELECT seq FROM event WHERE scope_no = ? AND id = ?',
      scopeNo,
      op.eventId,
    );
    if (event === undefined) return false;
    this.#expunge(scopeNo!, event.seq);
    return true;
  }

  expungeContents(op: WriteOpOf<'expunge-contents'>): { last: string | null; count: number } {
    const rows = this.#db.all<{ id: string; seq: number }>(
      `SELECT id, seq FROM event INDEXED BY event_by_id
       WHERE scope_no = ? AND id > ? AND id < ? AND accepted_at < ? AND expunged = 0 ORDER BY id LIMIT ?`,
      this.#scopeOf(op),
      op.after,
      idAt(op.before + ID_SLACK_MS, 'first'),
      op.before,
      op.limit,
    );
    for (const { seq } of rows) this.#expunge(this.#scopeOf(op)!, seq);
    return { last: rows.length < op.limit ? null : rows[rows.length - 1]!.id, count: rows.length };
  }

  #expunge(scopeNo: number, seq: number): void {
    this.#db.run(
      `DELETE FROM content WHERE no = (SELECT ${CONTENT_NO} FROM event e WHERE scope_no = ? AND seq = ?)`,
      scopeNo,
      seq,
    );
    this.#db.run('UPDATE event SET expunged = 1 WHERE scope_no = ? AND seq = ?', scopeNo, seq);
    if (this.#isReceived(scopeNo)) dropFromIndex(this.#db, seq);
  }

  expungeResponse(op: WriteOpOf<'expunge-response'>): boolean {
    const changed = this.#db.run(
      `UPDATE attempt SET response = NULL
       WHERE seq = (SELECT seq FROM event WHERE scope_no = ? AND id = ?) AND id = ?`,
      this.#scopeOf(op),
      op.eventId,
      op.attemptId,
    );
    return changed > 0;
  }

  #scopeOf(op: { organization: string; applicationId: string }): number | null {
    const organization = this.#interned.findOrganization(op.organization);
    return (organization && this.#interned.findScope(organization, op.applicationId)) ?? null;
  }
}
