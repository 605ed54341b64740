import type { Edit } from '../../../engine/engine.ts';
import { defineOperation } from '../../define-operation.ts';
import { findIntegration } from './find-integration.ts';
import { findKey } from './integration-key.ts';

export const deleteIntegration = defineOperation({
  id: 'integration.delete',
  method: 'DELETE',
  path: '/api/v1/app/{app_id}/integration/{integ_id}',
  tag: 'Integration',
  summary: 'Delete an integration; its key stops working',
  needs: { role: 'editor', scope: 'application', permission: 'integration:write' },
  replies: { 204: null },
  problems: ['not_found'],
  async handle(call) {
    const { integration } = await findIntegration(call);
    const edits: Edit[] = [{ kind: 'integration', before: integration, after: null }];
    const key = await findKey(call, integration);
    if (key !== null) edits.push({ kind: 'api-key', before: key, after: null });
    return call.commit('integration.delete', edits, { status: 204, body: undefined });
  },
});
