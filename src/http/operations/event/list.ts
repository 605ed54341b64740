import Type from 'typebox';
import { EVENT_LIST_QUERY, EventList, parseCursor, renderCursor } from '../../../contract/event.ts';
import { type PageRequest, parsePage } from '../../../contract/page.ts';
import { STRICT } from '../../../contract/shape.ts';
import type { EventPage, FoundEvents } from '../../../engine/engine.ts';
import { defineOperation } from '../../define-operation.ts';
import { eventOut, filterOf, READ, TAG, withoutContent } from './event-of.ts';

export const listEvents = defineOperation({
  id: 'event.list',
  method: 'GET',
  path: '/api/v1/event',
  tag: TAG,
  summary: 'Find received events, newest first',
  description:
    'All filters must hold. A page may be short, or empty, with `done: false`, when looking took long or contents are large: its iterator goes on from there.',
  needs: READ,
  query: Type.Object(EVENT_LIST_QUERY, STRICT),
  replies: { 200: EventList },
  problems: [],
  async handle(call) {
    const withContent = call.query.with_content ?? true;
    const query = await filterOf(call, call.query, ['query']);
    const page = parsePage(call.query, {
      parse: (text) => parseCursor(text)?.toString(),
      defaultOrder: 'descending',
    });
    const found = await call.engine.received.find(call.organization, {
      ...{ query, withContent, limit: page.limit },
      ...boundsOf(page),
    });
    const rows = page.backwards ? found.rows.toReversed() : found.rows;
    const data = [];
    for (const row of rows) data.push(eventOut(withContent ? row : await withoutContent(call, row)));
    return { status: 200, body: { data, ...iteratorsOf(found, page), done: found.next === null } };
  },
});

function boundsOf({ after, readDirection }: PageRequest): Pick<EventPage, 'direction' | 'after' | 'before'> {
  const seq = after === null ? null : Number(after);
  return readDirection === 'ascending'
    ? { direction: 'oldest-first', after: seq ?? 0, before: null }
    : { direction: 'newest-first', after: 0, before: seq };
}

/** An empty page that is not the last one still says where to go on. */
function iteratorsOf({ rows, next }: FoundEvents, { backwards }: PageRequest) {
  const first = rows[0]?.stored.seq ?? null;
  const last = next ?? rows.at(-1)?.stored.seq ?? null;
  const [from, to] = backwards ? [last, first] : [first, last];
  return {
    iterator: to === null ? null : renderCursor(to),
    prevIterator: from === null ? null : `-${renderCursor(from)}`,
  };
}
