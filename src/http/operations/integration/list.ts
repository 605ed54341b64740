import { IntegrationListOut, renderIntegration } from '../../../contract/integration.ts';
import { OrderedPageQuery, parsePage, renderPage } from '../../../contract/page.ts';
import { parseId, renderId } from '../../../core/ids.ts';
import { defineOperation } from '../../define-operation.ts';
import { findApplication } from '../endpoint/find-endpoint.ts';

export const listIntegrations = defineOperation({
  id: 'integration.list',
  method: 'GET',
  path: '/api/v1/app/{app_id}/integration',
  tag: 'Integration',
  summary: 'List an application’s integrations',
  needs: { role: 'viewer', scope: 'application', permission: 'integration:read' },
  query: OrderedPageQuery,
  replies: { 200: IntegrationListOut },
  problems: ['not_found'],
  async handle(call) {
    const application = await findApplication(call);
    const page = parsePage(call.query, {
      parse: (text) => parseId(text, 'integration'),
      defaultOrder: 'ascending',
    });
    const rows = await call.storage.catalog.list(call.organization, 'integration', {
      owner: application.id,
      orderBy: 'id',
      direction: page.readDirection,
      after: page.after,
      limit: page.readLimit,
    });
    return {
      status: 200,
      body: renderPage(rows, page, {
        item: renderIntegration,
        iterator: (row) => renderId(row.id, 'integration'),
      }),
    };
  },
});
