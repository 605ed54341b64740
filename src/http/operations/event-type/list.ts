import Type from 'typebox';
import { EventTypeList, renderEventType } from '../../../contract/event-type.ts';
import { ORDERED_PAGE_QUERY, type PageRequest, parsePage, renderPage } from '../../../contract/page.ts';
import { UID_PATTERN } from '../../../contract/uid.ts';
import { seesFlags } from '../../../core/access/access.ts';
import type { EventType } from '../../../core/catalog/resources.ts';
import { Problem } from '../../../core/problem.ts';
import { type Call, defineOperation } from '../../define-operation.ts';

/** Reads of the store that one page may take when flags hide much of what there is. */
const READS_MAX = 40;
const NAME = new RegExp(UID_PATTERN);

export const listEventTypes = defineOperation({
  id: 'event-type.list',
  method: 'GET',
  path: '/api/v1/event-type',
  tag: 'Event type',
  summary: 'List event types by name.',
  needs: { role: 'viewer', scope: 'application', permission: 'event-type:read' },
  query: Type.Object({
    ...ORDERED_PAGE_QUERY,
    include_archived: Type.Optional(Type.Boolean({ description: 'Also the archived ones.' })),
    with_content: Type.Optional(Type.Boolean({ description: 'With their schemas.' })),
  }),
  replies: { 200: EventTypeList },
  problems: [],
  async handle(call) {
    const page = parsePage(call.query, {
      parse: (text) => (NAME.test(text) ? text : undefined),
      defaultOrder: 'ascending',
    });
    const rows = await readVisible(call, page, call.query.include_archived === true);
    const withContent = call.query.with_content === true;
    const item = (row: EventType) => renderEventType(row, { withContent });
    return { status: 200, body: renderPage(rows, page, { item, iterator: (row) => row.uid }) };
  },
});

/** Reads on until the page is full, because the store does not know the caller's flags. */
async function readVisible(call: Call, page: PageRequest, includeArchived: boolean): Promise<EventType[]> {
  const visible: EventType[] = [];
  let { after } = page;
  for (let reads = 0; reads < READS_MAX; reads++) {
    const rows = await call.storage.catalog.list(call.organization, 'event-type', {
      orderBy: 'uid',
      direction: page.readDirection,
      after,
      limit: page.readLimit,
      ...(includeArchived ? {} : { where: { archived: false } }),
    });
    visible.push(...rows.filter((row) => seesFlags(call.principal, row.featureFlags)));
    if (visible.length >= page.readLimit || rows.length < page.readLimit)
      return visible.slice(0, page.readLimit);
    after = rows.at(-1)!.uid;
  }
  throw new Problem(
    'unavailable',
    'Too many event types are hidden from this token; ask with a larger limit.',
  );
}
