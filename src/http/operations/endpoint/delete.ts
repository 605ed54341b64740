import { defineOperation } from '../../define-operation.ts';
import { findEndpoint } from './find-endpoint.ts';

export const deleteEndpoint = defineOperation({
  id: 'endpoint.delete',
  method: 'DELETE',
  path: '/api/v1/app/{app_id}/endpoint/{endpoint_id}',
  tag: 'Endpoint',
  summary: 'Delete an endpoint',
  description: 'What still waits for it is canceled. Its attempts stay readable through their messages.',
  needs: { role: 'editor', scope: 'application', permission: 'endpoint:write' },
  replies: { 204: null },
  problems: ['not_found'],
  async handle(call) {
    const { destination: before } = await findEndpoint(call);
    return call.commit('endpoint.delete', [{ kind: 'destination', before, after: null }], {
      status: 204,
      body: undefined,
    });
  },
});
