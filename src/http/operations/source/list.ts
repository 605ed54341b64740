import { OrderedPageQuery, parsePage, renderPage } from '../../../contract/page.ts';
import { SourceList } from '../../../contract/source.ts';
import { parseId, renderId } from '../../../core/ids.ts';
import { defineOperation } from '../../define-operation.ts';
import { READ, sourceOut, TAG } from './source-of.ts';

export const listSources = defineOperation({
  id: 'source.list',
  method: 'GET',
  path: '/api/v1/source',
  tag: TAG,
  summary: 'List sources',
  needs: READ,
  query: OrderedPageQuery,
  replies: { 200: SourceList },
  problems: [],
  async handle(call) {
    const page = parsePage(call.query, {
      parse: (text) => parseId(text, 'source'),
      defaultOrder: 'ascending',
    });
    const rows = await call.storage.catalog.list(call.organization, 'source', {
      owner: null,
      orderBy: 'id',
      direction: page.readDirection,
      after: page.after,
      limit: page.readLimit,
    });
    const body = renderPage(rows, page, {
      item: (source) => sourceOut(call, source),
      iterator: ({ id }) => renderId(id, 'source'),
    });
    return { status: 200, body };
  },
});
