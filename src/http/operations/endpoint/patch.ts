import { EndpointOut, EndpointPatch } from '../../../contract/endpoint.ts';
import { defineOperation } from '../../define-operation.ts';
import { checkEventTypes } from './check-event-types.ts';
import { patchedDestination } from './destination-of.ts';
import { findEndpoint } from './find-endpoint.ts';
import { endpointOut } from './sealed-parts.ts';

export const patchEndpoint = defineOperation({
  id: 'endpoint.patch',
  method: 'PATCH',
  path: '/api/v1/app/{app_id}/endpoint/{endpoint_id}',
  tag: 'Endpoint',
  summary: 'Change members of an endpoint',
  description: 'What the body leaves out stays; null clears what may be cleared.',
  needs: { role: 'editor', scope: 'application', permission: 'endpoint:write' },
  body: EndpointPatch,
  replies: { 200: EndpointOut },
  problems: ['not_found', 'conflict'],
  async handle(call) {
    const { destination: before } = await findEndpoint(call);
    await checkEventTypes(call, call.body);
    const after = patchedDestination(call, before, call.body);
    return call.commit('endpoint.update', [{ kind: 'destination', before, after }], {
      status: 200,
      body: endpointOut(call, after),
    });
  },
});
