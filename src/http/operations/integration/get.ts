import { IntegrationOut, renderIntegration } from '../../../contract/integration.ts';
import { defineOperation } from '../../define-operation.ts';
import { findIntegration } from './find-integration.ts';

export const getIntegration = defineOperation({
  id: 'integration.get',
  method: 'GET',
  path: '/api/v1/app/{app_id}/integration/{integ_id}',
  tag: 'Integration',
  summary: 'Get an integration',
  needs: { role: 'viewer', scope: 'application', permission: 'integration:read' },
  replies: { 200: IntegrationOut },
  problems: ['not_found'],
  async handle(call) {
    const { integration } = await findIntegration(call);
    return { status: 200, body: renderIntegration(integration) };
  },
});
