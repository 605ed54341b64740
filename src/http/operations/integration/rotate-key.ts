import { IntegrationKeyOut } from '../../../contract/integration.ts';
import { defineOperation } from '../../define-operation.ts';
import { findIntegration } from './find-integration.ts';
import { findKey, freshKey } from './integration-key.ts';

export const rotateIntegrationKey = defineOperation({
  id: 'integration.rotate-key',
  method: 'POST',
  path: '/api/v1/app/{app_id}/integration/{integ_id}/key/rotate',
  tag: 'Integration',
  summary: 'Give an integration a new key; the old one stops working at once',
  description:
    'The key is a bearer token confined to the application. It is shown here and nowhere else, and may do what the token that made it may, at most.',
  needs: { role: 'editor', scope: 'application', permission: 'integration:write' },
  isSecret: true,
  replies: { 200: IntegrationKeyOut },
  problems: ['not_found', 'conflict'],
  async handle(call) {
    const { applicationId, integration } = await findIntegration(call);
    const { secret, document } = freshKey(call, integration, applicationId);
    const before = await findKey(call, integration);
    const { id, createdAt, version } = before ?? document;
    const after = { ...document, id, createdAt, version };
    return call.commit('integration.rotate-key', [{ kind: 'api-key', before, after }], {
      status: 200,
      body: { key: secret },
    });
  },
});
