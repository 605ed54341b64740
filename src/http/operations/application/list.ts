import { ApplicationList, renderApplication } from '../../../contract/application.ts';
import { OrderedPageQuery, parsePage, renderPage } from '../../../contract/page.ts';
import { parseId, renderId } from '../../../core/ids.ts';
import { defineOperation } from '../../define-operation.ts';

export const listApplications = defineOperation({
  id: 'application.list',
  method: 'GET',
  path: '/api/v1/app',
  tag: 'Application',
  summary: 'List the organization’s applications.',
  description: 'Oldest first unless `order` says otherwise.',
  needs: { role: 'viewer', scope: 'organization', permission: 'application:read' },
  query: OrderedPageQuery,
  replies: { 200: ApplicationList },
  problems: [],
  async handle(call) {
    const page = parsePage(call.query, {
      parse: (text) => parseId(text, 'application'),
      defaultOrder: 'ascending',
    });
    const rows = await call.storage.catalog.list(call.organization, 'application', {
      orderBy: 'id',
      direction: page.readDirection,
      after: page.after,
      limit: page.readLimit,
    });
    const iterator = (row: { readonly id: string }): string => renderId(row.id, 'application');
    return { status: 200, body: renderPage(rows, page, { item: renderApplication, iterator }) };
  },
});
