/** Clean-up and erasure, in bounded steps. History goes by whole days: a partition is dropped, not deleted from. */
import { idAt } from '../../core/ids.ts';
import { SETTLE_ROWS_MAX } from '../sql/limits.ts';
import type { WriteOpOf } from '../sql/write-op.ts';
import type { Connections, Session } from './connection.ts';
import { DAY_MS, dayOf, dayOfId } from './day-of.ts';
import { LOCK_NOT_AVAILABLE, sqlState } from './errors.ts';
import { ID_SLACK_MS } from './event-sql.ts';

/** Who writes or reads the table waits behind us while we wait for it: a busy one is dropped next time. */
const DROP_WAIT_MS = 200;
/** Whoever reads all days at once (pg_dump) holds every one; each try makes other readers wait. */
const MISSES_MAX = 2;

/** How many rows or partitions went; 0 = nothing is left to do. Of several nodes one prunes, the others find nothing. */
export async function prune(connections: Connections, op: WriteOpOf<'prune'>): Promise<number> {
  const limit = Math.min(op.limit, SETTLE_ROWS_MAX);
  let done = 0;
  for (const step of ROW_STEPS) {
    if (done >= limit) return done;
    done += await connections.transact(async (session) =>
      (await tryLock(session)) ? await step(session, { ...op, limit: limit - done }) : 0,
    );
  }
  const tried = new Set<string>();
  for (let misses = 0; done < limit && misses < MISSES_MAX; ) {
    const dropped = await dropNextDay(connections, op, tried);
    if (dropped === null) break;
    if (dropped === 0) misses++;
    done += dropped;
  }
  return done;
}

async function tryLock(session: Session): Promise<boolean> {
  const [row] = await session.query<{ got: boolean }>(
    `SELECT pg_try_advisory_xact_lock(hashtext('posthorn prune'), hashtext(current_schema())) AS got`,
  );
  return row!.got;
}

interface Bounds {
  readonly now: number;
  readonly historyBefore: number;
  readonly limit: number;
}

const ROW_STEPS: readonly ((session: Session, bounds: Bounds) => Promise<number>)[] = [
  (session, { now, limit }) =>
    count(
      session,
      `DELETE FROM idempotency WHERE (organization_no, key_hash) IN (
         SELECT organization_no, key_hash FROM idempotency WHERE expires_at <= $1 LIMIT $2) RETURNING 1`,
      [now, limit],
    ),
  (session, { now, limit }) =>
    count(
      session,
      `DELETE FROM resource WHERE no IN (SELECT no FROM resource
         WHERE kind = 'revoked-token' AND (facets ->> 'expiresAt')::bigint <= $1 LIMIT $2) RETURNING 1`,
      [now, limit],
    ),
  sweepRemovedLanes,
  (session, { historyBefore, limit }) =>
    count(
      session,
      `DELETE FROM audit WHERE (organization_no, id) IN (
         SELECT organization_no, id FROM audit WHERE id < $1 LIMIT $2) RETURNING 1`,
      [idAt(historyBefore, 'first'), limit],
    ),
  // The publisher's own id is free again when its event is gone. The days are found by one look each.
  (session, { historyBefore, limit }) =>
    count(
      session,
      `WITH RECURSIVE days (day) AS (
         SELECT min(day) FROM event_key
         UNION ALL SELECT (SELECT min(k.day) FROM event_key k WHERE k.day > days.day) FROM days WHERE days.day < $1
       ) DELETE FROM event_key WHERE (scope_no, event_id) IN (
         SELECT k.scope_no, k.event_id FROM days JOIN event_key k ON k.day = days.day
         WHERE days.day < $1 AND to_regclass(format('event_%s', days.day)) IS NULL LIMIT $2) RETURNING 1`,
      [dayOf(historyBefore), limit],
    ),
  // A bucket that nobody took from for a day is full: it is made so when it is asked for again.
  (session, { now, limit }) =>
    count(
      session,
      `DELETE FROM allowance WHERE scope_no IN (
         SELECT scope_no FROM allowance WHERE at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1`,
      [now - DAY_MS, limit],
    ),
];

/** What a removed destination still had queued; then the tombstone itself, when no history names it. */
async function sweepRemovedLanes(session: Session, { historyBefore, limit }: Bounds): Promise<number> {
  let done = 0;
  for (const table of ['fresh', 'waiting']) {
    done += await count(
      session,
      `DELETE FROM ${table} WHERE (lane_no, seq, trigger) IN (
         SELECT q.lane_no, q.seq, q.trigger FROM lane l JOIN ${table} q ON q.lane_no = l.no
         WHERE l.removed_at IS NOT NULL LIMIT $1) RETURNING 1`,
      [limit - done],
    );
    if (done >= limit) return done;
  }
  const lanes = await session.query<{ no: number }>(
    `DELETE FROM lane l WHERE no IN (SELECT no FROM lane WHERE removed_at < $2 ORDER BY removed_at LIMIT $1)
       AND NOT EXISTS (SELECT 1 FROM attempt WHERE lane_no = l.no)
       AND NOT EXISTS (SELECT 1 FROM fresh WHERE lane_no = l.no)
       AND NOT EXISTS (SELECT 1 FROM waiting WHERE lane_no = l.no) RETURNING no`,
    [limit - done, historyBefore],
  );
  await session.query('DELETE FROM health WHERE lane_no = ANY ($1)', [lanes.map(({ no }) => no)]);
  return done + lanes.length;
}

/** Of contents that have expired, or of history that nothing unsettled needs. */
const DAY_TO_DROP = `
  SELECT c.relname AS name
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent,
    LATERAL (SELECT substring(c.relname FROM '[0-9]+$')::integer AS day) AS d
  WHERE p.oid IN (to_regclass('event'), to_regclass('attempt'), to_regclass('content'), to_regclass('search')) AND CASE p.relname
      WHEN 'content' THEN d.day < $1
      WHEN 'attempt' THEN d.day < $2
      WHEN 'search' THEN d.day < $2 AND to_regclass(format('event_%s', d.day)) IS NULL
      ELSE d.day < $2 AND NOT EXISTS (SELECT 1 FROM fresh WHERE fresh.day = d.day)
        AND NOT EXISTS (SELECT 1 FROM waiting WHERE waiting.day = d.day) END
    AND c.relname <> ALL ($3::text[])
  ORDER BY c.relname LIMIT 1`;

/** 1; 0 when somebody reads or writes it just now, which is not tried again; null when there is none. */
async function dropNextDay(
  connections: Connections,
  { now, historyBefore }: Omit<Bounds, 'limit'>,
  tried: Set<string>,
): Promise<number | null> {
  const values = [dayOf(now), dayOf(historyBefore), [...tried]];
  const next = async (session: Session) =>
    (await session.query<{ name: string }>(DAY_TO_DROP, values))[0]?.name;
  try {
    return await connections.transact(async (session) => {
      const name = (await tryLock(session)) ? await next(session) : undefined;
      if (name === undefined) return null;
      tried.add(name);
      await session.query(`SET LOCAL lock_timeout = ${DROP_WAIT_MS}`);
      await session.query(`LOCK TABLE ${name} IN ACCESS EXCLUSIVE MODE`);
      // Who had it until now may have queued one of its events again.
      if ((await next(session)) !== name) return 0;
      await session.query(`DROP TABLE ${name}`);
      return 1;
    });
  } catch (cause) {
    if (sqlState((cause as Error).cause ?? cause) === LOCK_NOT_AVAILABLE) return 0;
    throw cause;
  }
}

async function count(session: Session, text: string, values: readonly unknown[]): Promise<number> {
  return (await session.query(text, values)).length;
}

interface InScope {
  readonly organization: string;
  readonly applicationId: string;
}
const SCOPE_NO = `(SELECT s.no FROM scope s JOIN organization o ON o.no = s.organization_no
  WHERE o.id = $1 AND s.application_id = $2)`;
const scopeValues = ({ organization, applicationId }: InScope): readonly string[] => [
  organization,
  applicationId,
];

export function expungeContent(connections: Connections, op: WriteOpOf<'expunge-content'>): Promise<boolean> {
  return connections.transact(async (session) => {
    const rows = await session.query<Expunged>(
      `UPDATE event SET expunged = true WHERE scope_no = ${SCOPE_NO} AND id = $3 AND day = $4
       RETURNING scope_no, day, seq, content_expires_at`,
      [...scopeValues(op), op.eventId, dayOfId(op.eventId)],
    );
    await dropContents(session, rows);
    return rows.length > 0;
  });
}

interface Expunged {
  readonly scope_no: number;
  readonly day: number;
  readonly seq: number;
  readonly content_expires_at: number;
}

async function dropContents(session: Session, rows: readonly Expunged[]): Promise<void> {
  if (rows.length === 0) return;
  await session.query(
    `DELETE FROM content c USING unnest($1::bigint[], $2::integer[]) AS gone (seq, day)
     WHERE c.seq = gone.seq AND c.day = gone.day`,
    [rows.map(({ seq }) => seq), rows.map((row) => dayOf(row.content_expires_at))],
  );
  // Terms tell what the content was.
  await session.query(
    `DELETE FROM search s USING unnest($1::bigint[], $2::bigint[], $3::integer[]) AS gone (scope_no, seq, day)
     WHERE s.scope_no = gone.scope_no AND s.seq = gone.seq AND s.day = gone.day`,
    [rows.map((row) => row.scope_no), rows.map(({ seq }) => seq), rows.map(({ day }) => day)],
  );
}

export function expungeContents(
  connections: Connections,
  op: WriteOpOf<'expunge-contents'>,
): Promise<{ last: string | null; count: number }> {
  return connections.transact(async (session) => {
    const rows = await session.query<Expunged & { id: string }>(
      `UPDATE event e SET expunged = true FROM (
         SELECT scope_no, id, day FROM event WHERE scope_no = ${SCOPE_NO} AND id > $3 AND id < $4
           AND day BETWEEN $8 AND $5 AND accepted_at < $6 AND NOT expunged ORDER BY id LIMIT $7) AS old
       WHERE e.scope_no = old.scope_no AND e.id = old.id AND e.day = old.day
       RETURNING e.id, e.scope_no, e.day, e.seq, e.content_expires_at`,
      [
        ...scopeValues(op),
        op.after,
        idAt(op.before + ID_SLACK_MS, 'first'),
        dayOf(op.before + ID_SLACK_MS),
        op.before,
        op.limit,
        op.after === '' ? 0 : dayOfId(op.after),
      ],
    );
    await dropContents(session, rows);
    const last = rows.reduce((most, { id }) => (id > most ? id : most), '');
    return { last: rows.length < op.limit ? null : last, count: rows.length };
  });
}

export async function expungeResponse(
  connections: Connections,
  op: WriteOpOf<'expunge-response'>,
): Promise<boolean> {
  const rows = await connections.query(
    `UPDATE attempt SET response = NULL WHERE id = $3 AND day = $4
       AND seq = (SELECT seq FROM event WHERE scope_no = ${SCOPE_NO} AND id = $5 AND day = $6) RETURNING 1`,
    [...scopeValues(op), op.attemptId, dayOfId(op.attemptId), op.eventId, dayOfId(op.eventId)],
  );
  return rows.length > 0;
}

/** A row is written and its commit flushed. */
export async function ping(connections: Connections): Promise<void> {
  await connections.query(
    `INSERT INTO meta VALUES ('pings', 1) ON CONFLICT (name) DO UPDATE SET value = meta.value + 1`,
  );
}
