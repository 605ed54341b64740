import { EndpointHeadersPatchIn, patchHeaders } from '../../../contract/custom-headers.ts';
import { defineOperation } from '../../define-operation.ts';
import { findEndpoint } from './find-endpoint.ts';
import { openHeaders, seal } from './sealed-parts.ts';

export const patchEndpointHeaders = defineOperation({
  id: 'endpoint.patch-headers',
  method: 'PATCH',
  path: '/api/v1/app/{app_id}/endpoint/{endpoint_id}/headers',
  tag: 'Endpoint',
  summary: 'Set and delete single headers that are added to deliveries',
  description: 'A value of null, or a name in `deleteHeaders`, deletes a header.',
  needs: { role: 'editor', scope: 'application', permission: 'endpoint:write' },
  body: EndpointHeadersPatchIn,
  replies: { 204: null },
  problems: ['not_found'],
  async handle(call) {
    const { destination: before } = await findEndpoint(call);
    const headers = patchHeaders(openHeaders(call, before), call.body, ['body', 'headers']);
    const after = { ...before, headers: headers.length === 0 ? null : seal(call, before.id, headers) };
    return call.commit('endpoint.update-headers', [{ kind: 'destination', before, after }], {
      status: 204,
      body: undefined,
    });
  },
});
