import { IntegrationIn, IntegrationOut, renderIntegration } from '../../../contract/integration.ts';
import type { Integration } from '../../../core/catalog/resources.ts';
import { newId } from '../../../core/ids.ts';
import { defineOperation } from '../../define-operation.ts';
import { findApplication } from '../endpoint/find-endpoint.ts';
import { checkFeatureFlags } from './integration-key.ts';

export const createIntegration = defineOperation({
  id: 'integration.create',
  method: 'POST',
  path: '/api/v1/app/{app_id}/integration',
  tag: 'Integration',
  summary: 'Create an integration: a third party that manages an application’s endpoints',
  description: 'It gets its key from `key/rotate`; until then it has none.',
  needs: { role: 'editor', scope: 'application', permission: 'integration:write' },
  body: IntegrationIn,
  replies: { 201: IntegrationOut },
  problems: ['not_found'],
  async handle(call) {
    const application = await findApplication(call);
    const now = call.clock.now();
    const after: Integration = {
      id: newId(now, call.dice.bytes(15)),
      uid: null,
      ownerId: application.id,
      createdAt: now,
      updatedAt: now,
      version: 1,
      name: call.body.name,
      featureFlags: checkFeatureFlags(call, call.body.featureFlags ?? []),
    };
    return call.commit('integration.create', [{ kind: 'integration', before: null, after }], {
      status: 201,
      body: renderIntegration(after),
    });
  },
});
