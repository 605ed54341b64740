/** Lists of deliveries: event x destination, in order of the events' acceptance. */
import type { DestinationId, EventId } from '../../core/ids.ts';
import type { DeliveryFilter, ListedDelivery, Page } from '../../ports/history.ts';
import { CANCELED, LATE } from '../sql/codes.ts';
import {
  CHUNK_EVENTS,
  cursorOf,
  DeliveryPage,
  type DeliveryRow,
  isFromQueue,
  knownTo,
  type SeqRange,
} from '../sql/delivery-list.ts';
import { ORDER_SLACK_MS } from '../sql/search-stretches.ts';
import { dayOfId } from './day-of.ts';
import { fewPairs, type Pair, stateOfPair } from './delivery-reads.ts';
import { type InScope, seqBefore } from './event-reads.ts';
import { EVENT_COLUMNS, EVENT_JOINS, scopeNo } from './event-sql.ts';
import { type ReadContext, rowLimit, Values } from './read-context.ts';
import { int4s, int8s } from './sql-array.ts';

interface Query extends InScope {
  readonly filter: DeliveryFilter;
  readonly page: Page;
}
interface PairOfLane extends Pair {
  readonly lane: number;
}
interface Chunk {
  readonly pairs: readonly PairOfLane[];
  /** Where the next one begins; null = this was the last. */
  readonly next: SeqRange | null;
}

export async function listDeliveries(context: ReadContext, query: Query): Promise<readonly ListedDelivery[]> {
  const values = new Values();
  const destinationId = query.filter.destinationId ?? null;
  const rows = await context.db.query<{ scope: number; no: number }>(
    `SELECT s.no AS scope, l.no FROM scope s JOIN lane l ON l.scope_no = s.no
     WHERE s.no = ${scopeNo(values, query.scope)}
       AND (${values.add(destinationId)}::text IS NULL OR l.destination_id = $${values.list.length})`,
    values.list,
  );
  if (rows.length === 0 || query.filter.status?.length === 0) return [];
  const lanes = rows.map(({ no }) => no);
  return new DeliveryList(context, { query, scope: rows[0]!.scope, lanes }).read();
}

class DeliveryList {
  readonly #context: ReadContext;
  readonly #query: Query;
  readonly #scope: number;
  readonly #lanes: readonly number[];
  readonly #isUp: boolean;

  constructor(context: ReadContext, of: { query: Query; scope: number; lanes: readonly number[] }) {
    this.#context = context;
    this.#query = of.query;
    this.#scope = of.scope;
    this.#lanes = of.lanes;
    this.#isUp = of.query.page.direction === 'ascending';
  }

  get #order(): 'ASC' | 'DESC' {
    return this.#isUp ? 'ASC' : 'DESC';
  }

  async read(): Promise<readonly ListedDelivery[]> {
    const { filter, page: asked } = this.#query;
    const after = await this.#after();
    const page = new DeliveryPage(filter, { ...asked, limit: rowLimit(asked.limit) }, after);
    let range: SeqRange | null = await this.#range(after?.seq);
    const few = await this.#few();
    while (range !== null && range.from <= range.to) {
      const chunk: Chunk = few === null ? await this.#chunk(range) : { pairs: few, next: null };
      if (page.add(await this.#rowsOf(chunk.pairs))) break;
      range = chunk.next;
    }
    return page.rows;
  }

  async #after(): Promise<{ seq: number; destinationId: string } | null> {
    const cursor = cursorOf(this.#query.page);
    if (cursor === null) return null;
    const found = await this.#placeOf(cursor.eventId);
    const seq = found?.seq ?? (await this.#seqBefore(cursor.at));
    return { seq, destinationId: cursor.destinationId };
  }

  async #placeOf(eventId: string): Promise<Pair | undefined> {
    const [row] = await this.#context.db.query<Pair>(
      'SELECT seq, day FROM event WHERE scope_no = $1 AND day = $2 AND id = $3',
      [this.#scope, dayOfId(eventId), eventId],
    );
    return row;
  }

  async #seqBefore(at: number): Promise<number> {
    const values = new Values();
    const [row] = await this.#context.db.query<{ seq: number }>(
      `SELECT ${seqBefore(values, this.#query.scope, at)} AS seq`,
      values.list,
    );
    return row!.seq;
  }

  async #range(after: number | undefined): Promise<SeqRange> {
    const { since, before } = this.#query.filter;
    const first = since === undefined ? 0 : await this.#seqBefore(since - ORDER_SLACK_MS);
    const last =
      before === undefined ? Number.MAX_SAFE_INTEGER : await this.#seqBefore(before + ORDER_SLACK_MS);
    if (after === undefined) return { from: first, to: last };
    return this.#isUp
      ? { from: Math.max(first, after), to: last }
      : { from: first, to: Math.min(last, after) };
  }

  /** All pairs at once where there are few: those of one event, or of a destination that had little. */
  async #few(): Promise<Chunk['pairs'] | null> {
    const { scope, filter } = this.#query;
    if (filter.eventId !== undefined) return this.#ofEvent(filter.eventId);
    if (filter.destinationId === undefined) return null;
    const destinationId: DestinationId = filter.destinationId;
    const pairs = await fewPairs(this.#context, { scope, destinationId, filter });
    return pairs?.map((pair) => ({ ...pair, lane: this.#lanes[0]! })) ?? null;
  }

  async #ofEvent(eventId: EventId): Promise<Chunk['pairs']> {
    const place = await this.#placeOf(eventId);
    return place === undefined ? [] : this.#lanes.map((lane) => ({ ...place, lane }));
  }

  #chunk(range: SeqRange): Promise<Chunk> {
    return isFromQueue(this.#query.filter) ? this.#chunkOfQueue(range) : this.#chunkOfEvents(range);
  }

  #beyond(range: SeqRange, seq: number): SeqRange {
    return this.#isUp ? { ...range, from: seq + 1 } : { ...range, to: seq - 1 };
  }

  async #chunkOfQueue(range: SeqRange): Promise<Chunk> {
    const status = this.#query.filter.status!;
    const isOpen = status.includes('pending') || status.includes('sending');
    const limit = rowLimit(this.#query.page.limit) + 1;
    const values = new Values();
    const between = `BETWEEN ${values.add(range.from)} AND ${values.add(range.to)}`;
    const rowsMax = values.add(limit);
    const newest = (
      columns: string,
      table: string,
      more = '',
    ) => `(SELECT '${table}' AS list, seq, ${columns} AS day
      FROM ${table} WHERE lane_no = l.no AND seq ${between}${more} ORDER BY seq ${this.#order} LIMIT ${rowsMax})`;
    const lists = [
      ...(isOpen ? [newest('day', 'fresh'), newest('day', 'waiting')] : []),
      ...(status.includes('failed') ? [newest('event_day', 'attempt', ' AND status IN (1, 5)')] : []),
    ];
    const rows = await this.#context.db.query<PairOfLane & { list: string }>(
      `SELECT l.no AS lane, q.* FROM unnest(${values.add(int8s(this.#lanes))}::bigint[]) AS l (no)
       CROSS JOIN LATERAL (${lists.join(' UNION ALL ')}) AS q`,
      values.list,
    );
    const seqs = new Map<string, number[]>();
    for (const { list, lane, seq } of rows) {
      const own = seqs.get(`${list} ${lane}`);
      if (own === undefined) seqs.set(`${list} ${lane}`, [seq]);
      else own.push(seq);
    }
    const inOrder = (own: number[]) => own.toSorted((a, b) => (this.#isUp ? a - b : b - a));
    const end = knownTo(
      [...seqs.values()].map((own) => ({ seqs: inOrder(own), isCut: own.length === limit })),
      this.#isUp,
    );
    const pairs = rows.filter(({ seq }) => end === null || (this.#isUp ? seq <= end : seq >= end));
    return { pairs, next: end === null ? null : this.#beyond(range, end) };
  }

  async #chunkOfEvents(range: SeqRange): Promise<Chunk> {
    const values = new Values();
    const lanes = `${values.add(int8s(this.#lanes))}::bigint[]`;
    const events = await this.#context.db.query<Pair & { lanes: number[] | null }>(
      `SELECT e.seq, e.day, ARRAY(
         SELECT l FROM unnest(${lanes}) AS l WHERE
           (SELECT 1 FROM attempt a WHERE a.seq = e.seq AND a.lane_no = l AND a.day >= e.day LIMIT 1) IS NOT NULL
           OR (SELECT 1 FROM fresh q WHERE q.seq = e.seq AND q.lane_no = l LIMIT 1) IS NOT NULL
           OR (SELECT 1 FROM waiting q WHERE q.seq = e.seq AND q.lane_no = l LIMIT 1) IS NOT NULL) AS lanes
       FROM (SELECT seq, day FROM event WHERE scope_no = ${values.add(this.#scope)}
         AND seq BETWEEN ${values.add(range.from)} AND ${values.add(range.to)}
         ORDER BY seq ${this.#order} LIMIT ${CHUNK_EVENTS}) AS e ORDER BY e.seq ${this.#order}`,
      values.list,
    );
    const pairs = events.flatMap(({ seq, day, lanes }) => (lanes ?? []).map((lane) => ({ seq, day, lane })));
    const next = events.length < CHUNK_EVENTS ? null : this.#beyond(range, events.at(-1)!.seq);
    return { pairs, next };
  }

  async #rowsOf(pairs: readonly PairOfLane[]): Promise<readonly DeliveryRow[]> {
    if (pairs.length === 0) return [];
    const distinct = [...new Map(pairs.map((pair) => [`${pair.seq} ${pair.lane}`, pair])).values()];
    const values = new Values();
    const arrays = [
      `${values.add(int8s(distinct.map(({ seq }) => seq)))}::bigint[]`,
      `${values.add(int4s(distinct.map(({ day }) => day)))}::integer[]`,
      `${values.add(int8s(distinct.map(({ lane }) => lane)))}::bigint[]`,
    ];
    const ofPair = 't.seq = e.seq AND t.lane_no = p.lane AND t.day >= e.day';
    return this.#context.db.query<DeliveryRow>(
      `SELECT ${EVENT_COLUMNS}, l.destination_id, state.is_fresh, state.due_at, state.attempts, state.manual_due_at,
         state.latest, a.id AS attempt_id, a.url, a.outcome, a.status_code, a.duration_ms, a.started_at, a.trigger,
         a.number, a.status, a.next_attempt_at, c.tries
       FROM unnest(${arrays.join(', ')}) AS p (seq, day, lane)
       CROSS JOIN LATERAL (SELECT * FROM event WHERE scope_no = ${values.add(this.#scope)} AND seq = p.seq
         AND day = p.day OFFSET 0) e
       JOIN lane l ON l.no = p.lane CROSS JOIN ${stateOfPair('p.lane', 'e.day')} AS state ${EVENT_JOINS}
       LEFT JOIN LATERAL (SELECT * FROM attempt t WHERE ${ofPair}
         ORDER BY t.status >= ${LATE}, t.rec DESC LIMIT 1) a ON true
       CROSS JOIN LATERAL (SELECT count(*) AS tries FROM attempt t
         WHERE ${ofPair} AND t.status % ${LATE} <> ${CANCELED}) c`,
      values.list,
    );
  }
}
