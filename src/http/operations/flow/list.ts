import { FlowList, renderFlow } from '../../../contract/flow.ts';
import { OrderedPageQuery, parsePage, renderPage } from '../../../contract/page.ts';
import { parseId, renderId } from '../../../core/ids.ts';
import { defineOperation } from '../../define-operation.ts';
import { READ, TAG } from './flow-of.ts';

export const listFlows = defineOperation({
  id: 'flow.list',
  method: 'GET',
  path: '/api/v1/flow',
  tag: TAG,
  summary: 'List flows',
  needs: READ,
  query: OrderedPageQuery,
  replies: { 200: FlowList },
  problems: [],
  async handle(call) {
    const page = parsePage(call.query, {
      parse: (text) => parseId(text, 'flow'),
      defaultOrder: 'ascending',
    });
    const rows = await call.storage.catalog.list(call.organization, 'flow', {
      owner: null,
      orderBy: 'id',
      direction: page.readDirection,
      after: page.after,
      limit: page.readLimit,
    });
    const body = renderPage(rows, page, { item: renderFlow, iterator: ({ id }) => renderId(id, 'flow') });
    return { status: 200, body };
  },
});
