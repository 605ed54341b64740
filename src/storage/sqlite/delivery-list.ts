/** Lists of deliveries: event x destination, in order of the events' acceptance. */
import type { SQLInputValue } from 'node:sqlite';
import type { DeliveryFilter, ListedDelivery, Page } from '../../ports/history.ts';
import { CANCELED, LATE } from '../sql/codes.ts';
import {
  CHUNK_EVENTS,
  type CutList,
  cursorOf,
  DeliveryPage,
  type DeliveryRow,
  isFromQueue,
  knownTo,
  type SeqRange,
} from '../sql/delivery-list.ts';
import { ORDER_SLACK_MS } from '../sql/search-stretches.ts';
import { fewSeqs, STATE_COLUMNS } from './delivery-reads.ts';
import { type InScope, scopeValues, seqAt } from './event-reads.ts';
import { EVENT_COLUMNS, EVENT_JOINS, SCOPE_NO } from './event-sql.ts';
import { type ReadContext, rowLimit } from './read-context.ts';

interface Query extends InScope {
  readonly filter: DeliveryFilter;
  readonly page: Page;
}
interface Chunk {
  /** `[seq, lane number]` */
  readonly pairs: readonly (readonly [number, number])[];
  /** Where the next one begins; null = this was the last. */
  readonly next: SeqRange | null;
}

export function listDeliveries(context: ReadContext, query: Query): readonly ListedDelivery[] {
  return query.filter.status?.length === 0 ? [] : new DeliveryList(context, query).read();
}

class DeliveryList {
  readonly #context: ReadContext;
  readonly #query: Query;
  readonly #scopeNo: number;
  readonly #lanes: readonly number[];
  readonly #isUp: boolean;

  constructor(context: ReadContext, query: Query) {
    this.#context = context;
    this.#query = query;
    const { db } = context;
    this.#scopeNo =
      db.get<{ no: number | null }>(`SELECT ${SCOPE_NO} AS no`, ...scopeValues(query.scope))!.no ?? -1;
    const { destinationId } = query.filter;
    this.#lanes = db
      .all<{ no: number }>(
        'SELECT no FROM lane WHERE scope_no = ?1 AND (?2 IS NULL OR destination_id = ?2)',
        this.#scopeNo,
        destinationId ?? null,
      )
      .map(({ no }) => no);
    this.#isUp = query.page.direction === 'ascending';
  }

  read(): readonly ListedDelivery[] {
    const { filter, page: asked } = this.#query;
    const after = this.#after();
    const page = new DeliveryPage(filter, { ...asked, limit: rowLimit(asked.limit) }, after);
    let range: SeqRange | null = this.#range(after?.seq);
    const few = this.#few();
    while (range !== null && range.from <= range.to && this.#lanes.length > 0) {
      const chunk: Chunk = few === null ? this.#chunk(range) : { pairs: few, next: null };
      if (page.add(this.#rowsOf(chunk.pairs))) break;
      range = chunk.next;
    }
    return page.rows;
  }

  #after(): { seq: number; destinationId: string } | null {
    const cursor = cursorOf(this.#query.page);
    if (cursor === null) return null;
    const found = this.#seqOf(cursor.eventId);
    const seq = found ?? seqAt(this.#context, { scope: this.#query.scope, at: cursor.at });
    return { seq, destinationId: cursor.destinationId };
  }

  #seqOf(eventId: string): number | undefined {
    return this.#context.db.get<{ seq: number }>(
      'SELECT seq FROM event WHERE scope_no = ? AND id = ?',
      this.#scopeNo,
      eventId,
    )?.seq;
  }

  #range(after: number | undefined): SeqRange {
    const { scope, filter } = this.#query;
    const { since, before } = filter;
    const first = since === undefined ? 1 : seqAt(this.#context, { scope, at: since - ORDER_SLACK_MS });
    const last =
      before === undefined
        ? Number.MAX_SAFE_INTEGER
        : seqAt(this.#context, { scope, at: before + ORDER_SLACK_MS });
    if (after === undefined) return { from: first, to: last };
    return this.#isUp
      ? { from: Math.max(first, after), to: last }
      : { from: first, to: Math.min(last, after) };
  }

  /** All pairs at once where there are few: those of one event, or of a destination that had little. */
  #few(): Chunk['pairs'] | null {
    const { scope, filter } = this.#query;
    if (filter.eventId !== undefined) {
      const seq = this.#seqOf(filter.eventId);
      return seq === undefined ? [] : this.#lanes.map((lane) => [seq, lane]);
    }
    if (filter.destinationId === undefined || this.#lanes.length === 0) return null;
    const { destinationId } = filter;
    const seqs = fewSeqs(this.#context, { scope, destinationId }, filter);
    return seqs?.map((seq) => [seq, this.#lanes[0]!]) ?? null;
  }

  #chunk(range: SeqRange): Chunk {
    return isFromQueue(this.#query.filter) ? this.#chunkOfQueue(range) : this.#chunkOfEvents(range);
  }

  #beyond(range: SeqRange, seq: number): SeqRange {
    return this.#isUp ? { ...range, from: seq + 1 } : { ...range, to: seq - 1 };
  }

  #chunkOfQueue(range: SeqRange): Chunk {
    const status = this.#query.filter.status!;
    const isOpen = status.includes('pending') || status.includes('sending');
    const tables = [
      ...(isOpen ? ['fresh', 'waiting'] : []),
      ...(status.includes('failed') ? ['attempt INDEXED BY attempt_failed'] : []),
    ];
    const limit = rowLimit(this.#query.page.limit) + 1;
    const lists: (CutList & { readonly lane: number })[] = [];
    for (const lane of this.#lanes) {
      for (const table of tables) {
        const seqs = this.#context.db
          .all<{ seq: number }>(
            `SELECT seq FROM ${table} WHERE lane_no = ? AND seq BETWEEN ? AND ?
               ${table.startsWith('attempt') ? 'AND status IN (1, 5)' : ''} AND in_time(seq)
             ORDER BY seq ${this.#isUp ? 'ASC' : 'DESC'} LIMIT ?`,
            ...[lane, range.from, range.to, limit],
          )
          .map(({ seq }) => seq);
        lists.push({ lane, seqs, isCut: seqs.length === limit });
      }
    }
    const end = knownTo(lists, this.#isUp);
    const isKnown = (seq: number) => end === null || (this.#isUp ? seq <= end : seq >= end);
    const pairs = lists.flatMap(({ lane, seqs }) => seqs.filter(isKnown).map((seq) => [seq, lane] as const));
    return { pairs, next: end === null ? null : this.#beyond(range, end) };
  }

  #chunkOfEvents(range: SeqRange): Chunk {
    const { db } = this.#context;
    const seqs = db
      .all<{ seq: number }>(
        `SELECT seq FROM event WHERE scope_no = ? AND seq BETWEEN ? AND ? AND in_time(seq)
         ORDER BY seq ${this.#isUp ? 'ASC' : 'DESC'} LIMIT ?`,
        ...[this.#scopeNo, range.from, range.to, CHUNK_EVENTS],
      )
      .map(({ seq }) => seq);
    if (seqs.length === 0) return { pairs: [], next: null };
    const lanes = new Set(this.#lanes);
    const ends: SQLInputValue[] = [Math.min(...seqs), Math.max(...seqs)];
    const pairs = db
      .all<{ seq: number; lane_no: number }>(
        'SELECT DISTINCT a.seq, a.lane_no FROM json_each(?) s CROSS JOIN attempt a ON a.seq = s.value',
        JSON.stringify(seqs),
      )
      .filter(({ lane_no }) => lanes.has(lane_no))
      .map(({ seq, lane_no }) => [seq, lane_no] as const);
    for (const lane of this.#lanes) {
      for (const table of ['fresh', 'waiting']) {
        const queued = db.all<{ seq: number }>(
          `SELECT seq FROM ${table} WHERE lane_no = ? AND seq BETWEEN ? AND ?`,
          lane,
          ...ends,
        );
        pairs.push(...queued.map(({ seq }) => [seq, lane] as const));
      }
    }
    const next = seqs.length < CHUNK_EVENTS ? null : this.#beyond(range, seqs.at(-1)!);
    return { pairs, next };
  }

  #rowsOf(pairs: Chunk['pairs']): readonly DeliveryRow[] {
    if (pairs.length === 0) return [];
    const distinct = [...new Map(pairs.map((pair) => [pair.join(), pair])).values()];
    return this.#context.db.all<DeliveryRow>(
      `SELECT ${EVENT_COLUMNS}, l.destination_id, ${STATE_COLUMNS}, a.id AS attempt_id, a.url, a.outcome, a.status_code,
         a.duration_ms, a.started_at, a.trigger, a.number, a.status, a.next_attempt_at,
         (SELECT count(*) FROM attempt t WHERE t.seq = e.seq AND t.lane_no = l.no AND t.status % ${LATE} <> ${CANCELED}) AS tries
       FROM json_each(?) p CROSS JOIN event e ON e.scope_no = ? AND e.seq = p.value ->> 0
       CROSS JOIN lane l ON l.no = p.value ->> 1 ${EVENT_JOINS}
       LEFT JOIN attempt a ON a.seq = e.seq AND a.lane_no = l.no AND a.n = (
         SELECT n FROM attempt d WHERE d.seq = e.seq AND d.lane_no = l.no ORDER BY d.status >= ${LATE}, d.n DESC LIMIT 1)
       WHERE in_time(e.seq)`,
      JSON.stringify(distinct),
      this.#scopeNo,
    );
  }
}
