/** What changes the queue beside accepts and records: resends, cancellations, hurries, health. Each is a transaction. */
import type { Enqueued, EnqueueEntry } from '../../ports/queue.ts';
import { CANCELED, OUTCOME_CANCELED, triggerCode } from '../sql/codes.ts';
import type { WriteOpOf } from '../sql/write-op.ts';
import type { Connections, Session } from './connection.ts';
import { dayOfId } from './day-of.ts';
import type { Days } from './days.ts';
import { type Interned, makeLanes } from './interned.ts';
import { int2s, int4s, int8s, texts } from './sql-array.ts';
import { healthColumns } from './write-columns.ts';

export interface QueueWritesParts {
  readonly connections: Connections;
  readonly interned: Interned;
  readonly days: Days;
}

interface Stored {
  readonly lane_no: number;
  readonly seq: number;
  readonly day: number;
  readonly has_content: boolean;
}

export async function enqueue(
  { connections, interned }: QueueWritesParts,
  { organization, entries }: WriteOpOf<'enqueue'>,
  now: number,
): Promise<readonly Enqueued[]> {
  if (entries.length === 0) return [];
  const { no } = await interned.organization(organization);
  return connections.transact(async (session) => {
    const at = { organizationNo: no, now };
    await findScopes(session, entries, at);
    const stored = await findStored(session, entries, at);
    const queued = await queue(session, entries, stored);
    return entries.map((_, k): Enqueued => {
      const event = stored.get(k);
      if (event === undefined) return { kind: 'unknown-event' };
      if (!event.has_content) return { kind: 'no-content' };
      return queued.has(k) ? { kind: 'queued', seq: event.seq } : { kind: 'already-queued' };
    });
  });
}

interface At {
  readonly organizationNo: number;
  readonly now: number;
}

/** A lane that never had an event belongs where the first of the events is that is found: all scopes are looked at. */
async function findScopes(
  session: Session,
  entries: readonly EnqueueEntry[],
  { organizationNo }: At,
): Promise<void> {
  const known = await session.query<{ destination_id: string }>(
    `SELECT destination_id FROM lane
     WHERE organization_no = $1 AND destination_id = ANY ($2::text[]) AND scope_no IS NOT NULL`,
    [organizationNo, texts(entries.map(({ destinationId }) => destinationId))],
  );
  const found = new Set(known.map((row) => row.destination_id));
  for (const { destinationId, eventId } of entries) {
    if (found.has(destinationId)) continue;
    const [scope] = await session.query<{ no: number }>(
      `SELECT s.no FROM scope s JOIN event e ON e.scope_no = s.no AND e.day = $2 AND e.id = $3
       WHERE s.organization_no = $1 LIMIT 1`,
      [organizationNo, dayOfId(eventId), eventId],
    );
    if (scope === undefined) continue;
    await makeLanes(session, [{ organizationNo, destinationId, scopeNo: scope.no }]);
    found.add(destinationId);
  }
}

/** By the number of the entry. Locks the lanes, so that nobody else queues or removes there until the end. */
async function findStored(
  session: Session,
  entries: readonly EnqueueEntry[],
  { organizationNo, now }: At,
): Promise<ReadonlyMap<number, Stored>> {
  await session.query(
    `SELECT 1 FROM lane WHERE organization_no = $1 AND destination_id = ANY ($2::text[])
     ORDER BY destination_id FOR NO KEY UPDATE`,
    [organizationNo, texts(entries.map(({ destinationId }) => destinationId))],
  );
  const rows = await session.query<Stored & { k: number }>(
    `SELECT w.k, l.no AS lane_no, e.seq, e.day, NOT e.expunged AND e.content_expires_at > $5 AND EXISTS (
       SELECT 1 FROM content c WHERE c.seq = e.seq AND c.day = e.content_expires_at / 86400000) AS has_content
     FROM unnest($2::text[], $3::integer[], $4::text[]) WITH ORDINALITY AS w (event, day, destination, k)
     JOIN lane l ON l.organization_no = $1 AND l.destination_id = w.destination
     JOIN event e ON e.scope_no = l.scope_no AND e.day = w.day AND e.id = w.event`,
    [
      organizationNo,
      texts(entries.map(({ eventId }) => eventId)),
      int4s(entries.map(({ eventId }) => dayOfId(eventId))),
      texts(entries.map(({ destinationId }) => destinationId)),
      now,
    ],
  );
  return new Map(rows.map(({ k, ...stored }) => [k - 1, stored]));
}

/** The numbers of the entries that are queued now and were not; of those that are the same only the first. */
async function queue(
  session: Session,
  entries: readonly EnqueueEntry[],
  stored: ReadonlyMap<number, Stored>,
): Promise<ReadonlySet<number>> {
  const wanted = [...stored].filter(([, { has_content }]) => has_content);
  if (wanted.length === 0) return new Set();
  const rows = await session.query<{ k: number }>(
    `WITH wanted AS MATERIALIZED (
       SELECT DISTINCT ON (w.lane, w.seq, w.trigger) w.*
       FROM unnest($1::integer[], $2::bigint[], $3::bigint[], $4::smallint[], $5::integer[], $6::bigint[])
         AS w (k, lane, seq, trigger, day, due)
       JOIN lane l ON l.no = w.lane AND l.removed_at IS NULL
       WHERE NOT EXISTS (SELECT 1 FROM fresh q WHERE q.lane_no = w.lane AND q.seq = w.seq AND q.trigger = w.trigger)
         AND NOT EXISTS (SELECT 1 FROM waiting q WHERE q.lane_no = w.lane AND q.seq = w.seq AND q.trigger = w.trigger)
       ORDER BY w.lane, w.seq, w.trigger, w.k
     ), at_once AS (
       INSERT INTO fresh (lane_no, seq, trigger, day) SELECT lane, seq, trigger, day FROM wanted WHERE due = 0
     ), later AS (
       INSERT INTO waiting (lane_no, seq, trigger, day, due_at, attempts)
       SELECT lane, seq, trigger, day, due, 0 FROM wanted WHERE due > 0
     ) SELECT k FROM wanted`,
    [
      int4s(wanted.map(([k]) => k)),
      int8s(wanted.map(([, { lane_no }]) => lane_no)),
      int8s(wanted.map(([, { seq }]) => seq)),
      int2s(wanted.map(([k]) => triggerCode(entries[k]!.trigger))),
      int4s(wanted.map(([, { day }]) => day)),
      int8s(wanted.map(([k]) => entries[k]!.dueAt)),
    ],
  );
  return new Set(rows.map(({ k }) => k));
}

const LANE = `SELECT l.no, l.scope_no FROM lane l JOIN organization o ON o.no = l.organization_no
  WHERE o.id = $1 AND l.destination_id = $2`;

/** At most as many as there are ids for the attempts that say so. */
export async function cancel(
  { connections, days }: QueueWritesParts,
  op: WriteOpOf<'cancel'>,
): Promise<number | null> {
  if (op.attemptIds.length === 0) return 0;
  const attemptDays = op.attemptIds.map(dayOfId);
  await days.ensure({ event: new Set(), content: new Set(), attempt: new Set(attemptDays) });
  return connections.transact(async (session) => {
    const [lane] = await session.query<{ no: number; scope_no: number | null }>(LANE, [
      op.organization,
      op.destinationId,
    ]);
    if (lane === undefined) return 0;
    const seq = op.eventId === null ? null : await seqOf(session, lane.scope_no, op.eventId);
    if (seq === undefined) return 0;
    // In the statement that deletes: what was accepted after the destination came back is not in its snapshot.
    const canceled = await session.query<{ is_served: boolean; count: number }>(
      `WITH served AS MATERIALIZED (
         SELECT 1 FROM lane l JOIN resource r ON r.organization_no = l.organization_no AND r.kind = 'destination'
           AND r.id = l.destination_id AND r.facets @> '{"disabled": false}' AND r.facets ->> 'kind' <> 'poller'
         WHERE l.no = $1 AND $2::bigint IS NULL
       ), picked AS MATERIALIZED (
         SELECT * FROM (
           SELECT seq, trigger FROM fresh WHERE lane_no = $1 AND ($2::bigint IS NULL OR seq = $2)
           UNION ALL SELECT seq, trigger FROM waiting WHERE lane_no = $1 AND ($2::bigint IS NULL OR seq = $2)
         ) AS unsettled WHERE NOT EXISTS (SELECT 1 FROM served)
         LIMIT cardinality($3::text[])
       ), was_fresh AS (
         DELETE FROM fresh q USING picked WHERE q.lane_no = $1 AND q.seq = picked.seq AND q.trigger = picked.trigger
         RETURNING q.seq, q.trigger, q.day
       ), waited AS (
         DELETE FROM waiting q USING picked WHERE q.lane_no = $1 AND q.seq = picked.seq AND q.trigger = picked.trigger
         RETURNING q.seq, q.trigger, q.day
       ), gone AS (
         SELECT gone.*, row_number() OVER () AS k
         FROM (SELECT * FROM was_fresh UNION ALL SELECT * FROM waited) AS gone
       ), made AS (
       INSERT INTO attempt (day, lane_no, seq, rec, event_day, id, url, outcome, status_code, duration_ms, started_at,
         trigger, number, status, next_attempt_at, response)
       SELECT ($4::integer[])[k], $1, seq, taken.base + k - 1, day, ($3::text[])[k], '', ${OUTCOME_CANCELED}, 0, 0, $5,
         trigger, 0, ${CANCELED}, NULL, NULL
       FROM (SELECT posthorn_take_seqs(cardinality($3::text[])) AS base) AS taken, gone RETURNING 1
       ) SELECT EXISTS (SELECT 1 FROM served) AS is_served, (SELECT count(*) FROM made) AS count`,
      [lane.no, seq, texts(op.attemptIds), int4s(attemptDays), op.now],
    );
    const { is_served, count } = canceled[0]!;
    return is_served ? null : count;
  });
}

async function seqOf(session: Session, scopeNo: number | null, eventId: string): Promise<number | undefined> {
  const [event] = await session.query<{ seq: number }>(
    'SELECT seq FROM event WHERE scope_no = $1 AND day = $2 AND id = $3',
    [scopeNo, dayOfId(eventId), eventId],
  );
  return event?.seq;
}

export async function hurry({ connections }: QueueWritesParts, op: WriteOpOf<'hurry'>): Promise<number> {
  const hurried = await connections.query(
    `WITH lane AS MATERIALIZED (${LANE}), late AS MATERIALIZED (
       SELECT w.lane_no, w.seq, w.trigger FROM lane JOIN waiting w ON w.lane_no = lane.no
       WHERE w.due_at > $3 AND w.attempts > 0 ORDER BY w.due_at LIMIT $4)
     UPDATE waiting w SET due_at = $3 FROM late
     WHERE w.lane_no = late.lane_no AND w.seq = late.seq AND w.trigger = late.trigger RETURNING 1`,
    [op.organization, op.destinationId, op.now, op.limit],
  );
  return hurried.length;
}

export async function writeHealth(
  { connections, interned }: QueueWritesParts,
  { organization, destinationId, health }: WriteOpOf<'write-health'>,
): Promise<void> {
  const { no } = await interned.organization(organization);
  await connections.transact(async (session) => {
    const [lane] = await makeLanes(session, [{ organizationNo: no, destinationId, scopeNo: null }]);
    await session.query(
      `SELECT posthorn_write_health_1($1, failures, since, circuit, probe, delay, throttled)
       FROM unnest($2::integer[], $3::bigint[], $4::smallint[], $5::bigint[], $6::bigint[], $7::bigint[])
         AS h (failures, since, circuit, probe, delay, throttled)`,
      [lane!.no, ...healthColumns([health])],
    );
  });
}
