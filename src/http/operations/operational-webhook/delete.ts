import { defineOperation } from '../../define-operation.ts';
import { findOperationalEndpoint, TAG, WRITE } from './operational-endpoint.ts';

export const deleteOperationalEndpoint = defineOperation({
  id: 'operational-webhook.endpoint.delete',
  method: 'DELETE',
  path: '/api/v1/operational-webhook/endpoint/{endpoint_id}',
  tag: TAG,
  summary: 'Delete an endpoint of operational webhooks',
  needs: WRITE,
  replies: { 204: null },
  problems: ['not_found'],
  async handle(call) {
    const before = await findOperationalEndpoint(call);
    return call.commit('operational-webhook.delete', [{ kind: 'destination', before, after: null }], {
      status: 204,
      body: undefined,
    });
  },
});
