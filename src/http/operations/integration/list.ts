import { IntegrationListOut, renderIntegration } from '../../../contract/integration.ts';
import { OrderedPageQuery } from '../../../contract/page.ts';
import { defineOperation } from '../../define-operation.ts';
import { findApplication } from '../endpoint/find-endpoint.ts';
import { listResources } from '../list-resources.ts';

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
    return listResources(call, 'integration', {
      owner: application.id,
      prefix: 'integration',
      item: renderIntegration,
    });
  },
});
