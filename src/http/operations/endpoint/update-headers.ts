import { checkHeaders, EndpointHeadersIn } from '../../../contract/custom-headers.ts';
import { defineOperation } from '../../define-operation.ts';
import { findEndpoint } from './find-endpoint.ts';
import { seal } from './sealed-parts.ts';

export const updateEndpointHeaders = defineOperation({
  id: 'endpoint.update-headers',
  method: 'PUT',
  path: '/api/v1/app/{app_id}/endpoint/{endpoint_id}/headers',
  tag: 'Endpoint',
  summary: 'Replace the headers that are added to deliveries',
  description: 'Every attempt that begins after the answer has them.',
  needs: { role: 'editor', scope: 'application', permission: 'endpoint:write' },
  body: EndpointHeadersIn,
  replies: { 204: null },
  problems: ['not_found'],
  async handle(call) {
    const { destination: before } = await findEndpoint(call);
    const headers = checkHeaders(call.body.headers, ['body', 'headers']);
    const after = { ...before, headers: headers.length === 0 ? null : seal(call, before.id, headers) };
    return call.commit('endpoint.update-headers', [{ kind: 'destination', before, after }], {
      status: 204,
      body: undefined,
    });
  },
});
