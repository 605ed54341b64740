/** Finding received events: those that are not indexed yet, and those that may match. */
import { type OrganizationId, RECEIVED } from '../../core/ids.ts';
import type { StoredEvent } from '../../ports/history.ts';
import type { CandidateQuery, Candidates } from '../../ports/search.ts';
import { type StoredRow, storedOf } from '../sql/event-row.ts';
import type { StorageLimits } from '../sql/limits.ts';
import { CandidatePage, ORDER_SLACK_MS, type Range, stretchesOf } from '../sql/search-stretches.ts';
import { lastSeq, seqBefore, storedColumns } from './event-reads.ts';
import { EVENT_COLUMNS, EVENT_JOINS, scopeNo, timeCondition } from './event-sql.ts';
import { type ReadContext, rowLimit, Values } from './read-context.ts';
import { overflowTerm, storedTerm } from './search-terms.ts';
import { int4s, int8s } from './sql-array.ts';

type Unindexed = StoredEvent & { readonly organization: OrganizationId };

interface Lagging {
  readonly no: number;
  readonly organization: OrganizationId;
  readonly seq: number;
  /** No event after `seq` is of an earlier one. */
  readonly day: number;
}

/** Those that lag the farthest come first, so that no organization waits for another's flood. */
export async function takeUnindexed(
  { db, now }: ReadContext,
  { limit, bytesMax }: { limit: number; bytesMax: number },
): Promise<readonly Unindexed[]> {
  const scopes = await db.query<Lagging>(
    `SELECT r.* FROM (SELECT s.no, o.id AS organization, coalesce(c.seq, 0) AS seq, coalesce(c.day - 1, 0) AS day
       FROM scope s JOIN organization o ON o.no = s.organization_no LEFT JOIN search_cursor c ON c.scope_no = s.no
       WHERE s.application_id = '${RECEIVED}') AS r
     WHERE (SELECT 1 FROM event e WHERE e.scope_no = r.no AND e.day >= r.day AND e.seq > r.seq
       AND e.seq < (SELECT posthorn_decided_below()) LIMIT 1) IS NOT NULL
     ORDER BY r.seq LIMIT $1`,
    [rowLimit(limit)],
  );
  const taken: Unindexed[] = [];
  let bytes = 0;
  for (const scope of scopes) {
    if (taken.length >= limit || bytes >= bytesMax) break;
    const values = new Values();
    const unindexed = `(SELECT * FROM event e WHERE e.scope_no = ${values.add(scope.no)} AND e.day >= ${values.add(scope.day)}
      AND e.seq > ${values.add(scope.seq)} AND e.seq < (SELECT posthorn_decided_below())
      ORDER BY e.seq LIMIT ${values.add(rowLimit(limit - taken.length))}) e`;
    const rows = await db.query<StoredRow>(
      withinBytes(values, unindexed, { now, by: 'ASC', bytesMax: bytesMax - bytes }),
      values.list,
    );
    for (const row of rows) {
      bytes += row.content?.byteLength ?? 0;
      taken.push({ ...storedOf(row, now), organization: scope.organization });
    }
  }
  return taken;
}

interface Owner {
  readonly no: number;
  /** How far it is indexed. */
  readonly indexed: number;
}
interface Place {
  readonly seq: number;
  readonly day: number;
}

/** So many times the rows that are tested one by one are too many to be sorted. */
const MANY = 2;
const LOOKS_MAX = 2 ** 31 - 1;

type SearchLimits = Pick<StorageLimits, 'searchLooksMax' | 'readDeadlineMs'>;

export async function candidates(
  context: ReadContext,
  { organization, query }: { organization: OrganizationId; query: CandidateQuery },
  limits: SearchLimits,
): Promise<Candidates> {
  const values = new Values();
  const [owner] = await context.db.query<Owner>(
    `SELECT s.no, coalesce(c.seq, 0) AS indexed FROM scope s LEFT JOIN search_cursor c ON c.scope_no = s.no
     WHERE s.no = ${scopeNo(values, { organization, applicationId: RECEIVED })}`,
    values.list,
  );
  if (owner === undefined) return { rows: [], scannedTo: null };
  // One that has come through a part by then stops by itself.
  const lateAt = performance.now() + limits.readDeadlineMs / 2;
  const page = new CandidatePage(query, () => performance.now() > lateAt);
  for (const stretch of stretchesOf(query, await boundsOf(context, organization, query), owner.indexed)) {
    const search = new StretchSearch(context, { owner, query, page, looks: limits.searchLooksMax });
    const ended = await (stretch.isIndexed ? search.byTerms(stretch) : search.oneByOne(stretch));
    if (ended !== null) return ended;
  }
  return page.whole();
}

/**
 * Times as a range of seqs, with room for what was accepted at about the same time. Who goes on from the newest with the
 * next page (an ascending list, an export, a replay) gets to what is decided, or would pass over what is still to come.
 */
async function boundsOf(
  context: ReadContext,
  organization: OrganizationId,
  { since, until, after, before, direction }: CandidateQuery,
): Promise<Range> {
  const { db } = context;
  const scope = { organization, applicationId: RECEIVED };
  const end =
    direction === 'oldest-first' ? (await lastSeq(context, { scope })) + 1 : Number.MAX_SAFE_INTEGER;
  const range = { after, before: before === null ? end : Math.min(before, end) };
  if (since === null && until === null) return range;
  const values = new Values();
  const seqAt = (at: number | null, slack: number) =>
    at === null ? 'NULL::bigint' : seqBefore(values, scope, at + slack);
  const [row] = await db.query<{ first: number | null; last: number | null }>(
    `SELECT ${seqAt(since, -ORDER_SLACK_MS)} AS first, ${seqAt(until, ORDER_SLACK_MS)} AS last`,
    values.list,
  );
  const { first, last } = row!;
  return {
    after: Math.max(after, first ?? 0),
    before: last === null ? range.before : Math.min(range.before, last + 1),
  };
}

/** One stretch onto the page; each way tells the answer when the page has ended, null = the stretch is through. */
class StretchSearch {
  readonly #context: ReadContext;
  readonly #owner: Owner;
  readonly #query: CandidateQuery;
  readonly #page: CandidatePage;
  readonly #looks: number;

  constructor(
    context: ReadContext,
    parts: { owner: Owner; query: CandidateQuery; page: CandidatePage; looks: number },
  ) {
    this.#context = context;
    this.#owner = parts.owner;
    this.#query = parts.query;
    this.#page = parts.page;
    this.#looks = parts.looks;
  }

  get #isUp(): boolean {
    return this.#query.direction === 'oldest-first';
  }

  async oneByOne({ after, before }: Range): Promise<Candidates | null> {
    const values = new Values();
    const rows = `(SELECT * FROM event e WHERE e.scope_no = ${values.add(this.#owner.no)} AND e.seq > ${values.add(after)}
      AND e.seq < ${values.add(before)}${this.#times(values)}
      ORDER BY e.seq ${this.#isUp ? 'ASC' : 'DESC'} LIMIT ${values.add(this.#page.room)}) e`;
    return this.#add(values, rows);
  }

  async byTerms(range: Range): Promise<Candidates | null> {
    const near = await this.#near(range, this.#looks);
    if (near.ended !== null || near.rest === null) return near.ended;
    for (const { day, ...stretch } of await this.#days(near.rest)) {
      const ended = await this.#far(day, stretch);
      if (ended !== null) return ended;
      // What is looked for may be in none of many days.
      if (this.#page.isLate) return this.#page.result(this.#isUp ? stretch.before - 1 : stretch.after + 1);
    }
    return null;
  }

  #beyond(range: Range, seq: number): Range {
    return this.#isUp ? { ...range, after: seq } : { ...range, before: seq };
  }

  /** `rest`: what was not looked at; null = nothing is left. */
  async #near(range: Range, looks: number): Promise<{ ended: Candidates | null; rest: Range | null }> {
    const [row] = await this.#context.db.query<{
      seqs: number[] | null;
      days: number[] | null;
      edge: number | null;
    }>('SELECT * FROM posthorn_search_near_1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)', [
      ...this.#asked(range),
      looks,
      this.#page.room,
    ]);
    const { seqs, days, edge } = row!;
    const ended = await this.#addPlaces((seqs ?? []).map((seq, i) => ({ seq, day: days![i]! })));
    return { ended, rest: edge === null ? null : this.#beyond(range, edge) };
  }

  async #far(day: number, range: Range): Promise<Candidates | null> {
    for (let rest = range; ; ) {
      const room = this.#page.room;
      const places = await this.#context.db.query<Place | { seq: null }>(
        'SELECT * FROM posthorn_search_far_1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)',
        [...this.#asked(rest), this.#looks * MANY, room, day],
      );
      const found = places.filter((place) => place.seq !== null);
      if (found.length < places.length) {
        const near = await this.#near(rest, LOOKS_MAX);
        if (near.ended !== null || near.rest === null) return near.ended;
        rest = near.rest;
        continue;
      }
      const ended = await this.#addPlaces(found);
      if (ended !== null || found.length < room) return ended;
      rest = this.#beyond(rest, found.at(-1)!.seq);
    }
  }

  #asked({ after, before }: Range): readonly unknown[] {
    const { no } = this.#owner;
    const { terms, since, until } = this.#query;
    const stored = int4s(terms.map((term) => storedTerm(no, term)));
    const times = [since ?? 0, until ?? Number.MAX_SAFE_INTEGER];
    return [no, after, before, ...times, stored, int4s([overflowTerm(no)]), this.#isUp];
  }

  /**
   * The range cut where a day begins, in the order asked for. An event's day is that of its id, its place that of its
   * commit: a stretch begins with the first event of its day or of a later one.
   */
  async #days(range: Range): Promise<readonly (Range & { readonly day: number })[]> {
    const rows = await this.#context.db.query<{ day: number; first: number }>(
      `SELECT d.day, f.first FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
       CROSS JOIN LATERAL (SELECT substring(c.relname FROM '[0-9]+$')::integer AS day) AS d
       CROSS JOIN LATERAL (SELECT min(s.seq) AS first FROM search s WHERE s.scope_no = $1 AND s.day = d.day OFFSET 0) AS f
       WHERE i.inhparent = to_regclass('search') AND f.first IS NOT NULL ORDER BY d.day DESC`,
      [this.#owner.no],
    );
    const cut: (Range & { readonly day: number })[] = [];
    let { before } = range;
    for (const { day, first } of rows) {
      const after = Math.max(range.after, first - 1);
      if (before - after > 1) cut.push({ day, after, before });
      before = Math.min(before, first);
    }
    return this.#isUp ? cut.reverse() : cut;
  }

  #times(values: Values): string {
    const { since, until } = this.#query;
    return timeCondition(values, {
      ...(since !== null && { since }),
      ...(until !== null && { before: until }),
    });
  }

  async #addPlaces(places: readonly Place[]): Promise<Candidates | null> {
    for (let at = 0; at < places.length; ) {
      const some = places.slice(at, at + this.#page.room);
      const values = new Values();
      const rows = `(SELECT e.* FROM unnest(${values.add(int8s(some.map(({ seq }) => seq)))}::bigint[],
          ${values.add(int4s(some.map(({ day }) => day)))}::integer[]) AS p (seq, day)
        CROSS JOIN LATERAL (SELECT * FROM event e WHERE e.scope_no = ${values.add(this.#owner.no)} AND e.day = p.day
          AND e.seq = p.seq OFFSET 0) e) e`;
      const ended = await this.#add(values, rows);
      if (ended !== null) return ended;
      at += some.length;
    }
    return null;
  }

  async #add(values: Values, from: string): Promise<Candidates | null> {
    const { db, now } = this.#context;
    const { withContent, bytesMax } = this.#query;
    const by = this.#isUp ? 'ASC' : 'DESC';
    const rows = await db.query<StoredRow>(
      withContent
        ? withinBytes(values, from, { now, by, bytesMax })
        : `SELECT ${EVENT_COLUMNS} FROM ${from} ${EVENT_JOINS} ORDER BY e.seq ${by}`,
      values.list,
    );
    for (const row of rows) if (this.#page.add(storedOf(row, now))) return this.#page.result();
    return null;
  }
}

/**
 * Events with contents up to so many bytes, at least one. A body is fetched only when there is room for it: before that,
 * its length is enough.
 */
function withinBytes(
  values: Values,
  from: string,
  { now, by, bytesMax }: { now: number; by: 'ASC' | 'DESC'; bytesMax: number },
): string {
  const size = `(SELECT octet_length(c.body) FROM content c
    WHERE c.day = (e.content_expires_at / 86400000)::integer AND c.seq = e.seq
      AND NOT e.expunged AND e.content_expires_at > ${values.add(now)})`;
  const before = `sum(${size}) OVER (ORDER BY e.seq ${by} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)`;
  const most = values.add(Math.max(1, Math.min(bytesMax, Number.MAX_SAFE_INTEGER)));
  return `SELECT ${storedColumns(values, true, now)}
    FROM (SELECT e.*, coalesce(${before}, 0) AS bytes_before FROM ${from}) e ${EVENT_JOINS}
    WHERE e.bytes_before < ${most} ORDER BY e.seq ${by}`;
}
