import { IntegrationIn, IntegrationOut, renderIntegration } from '../../../contract/integration.ts';
import type { Edit } from '../../../engine/engine.ts';
import { defineOperation } from '../../define-operation.ts';
import { findIntegration } from './find-integration.ts';
import { checkFeatureFlags, findKey } from './integration-key.ts';

export const updateIntegration = defineOperation({
  id: 'integration.update',
  method: 'PUT',
  path: '/api/v1/app/{app_id}/integration/{integ_id}',
  tag: 'Integration',
  summary: 'Replace an integration’s name and feature flags',
  description: 'Its key stays and has the new feature flags at once.',
  needs: { role: 'editor', scope: 'application', permission: 'integration:write' },
  body: IntegrationIn,
  replies: { 200: IntegrationOut },
  problems: ['not_found'],
  async handle(call) {
    const { integration: before } = await findIntegration(call);
    const updatedAt = call.clock.now();
    const featureFlags = checkFeatureFlags(call, call.body.featureFlags ?? []);
    const after = { ...before, name: call.body.name, featureFlags, updatedAt };
    const edits: Edit[] = [{ kind: 'integration', before, after }];
    const key = await findKey(call, before);
    if (key !== null)
      edits.push({ kind: 'api-key', before: key, after: { ...key, featureFlags, updatedAt } });
    return call.commit('integration.update', edits, { status: 200, body: renderIntegration(after) });
  },
});
