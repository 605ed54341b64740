import { PageQuery, parsePage, renderPage } from '../../../contract/page.ts';
import { RejectionList, renderRejection } from '../../../contract/rejection.ts';
import { parseId, renderId } from '../../../core/ids.ts';
import { defineOperation } from '../../define-operation.ts';
import { findSource, READ, TAG } from './source-of.ts';

export const listRejections = defineOperation({
  id: 'source.list-rejections',
  method: 'GET',
  path: '/api/v1/source/{source_id}/rejection',
  tag: TAG,
  summary: 'List the latest calls that a source refused',
  description:
    'Newest first, with what was expected and what came instead. They are no events and go nowhere.',
  needs: READ,
  query: PageQuery,
  replies: { 200: RejectionList },
  problems: ['not_found'],
  async handle(call) {
    const source = await findSource(call);
    const page = parsePage(call.query, {
      parse: (text) => (text.startsWith('-') ? undefined : parseId(text, 'rejection')),
      defaultOrder: 'descending',
    });
    const rows = await call.storage.rejections.list(call.organization, source.id, {
      before: page.after,
      limit: page.readLimit,
    });
    const body = renderPage(rows, page, {
      item: renderRejection,
      iterator: ({ id }) => renderId(id, 'rejection'),
    });
    return { status: 200, body };
  },
});
