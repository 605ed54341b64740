import { EndpointHeadersOut, renderHeaders } from '../../../contract/custom-headers.ts';
import { defineOperation } from '../../define-operation.ts';
import { findEndpoint } from './find-endpoint.ts';
import { openHeaders } from './sealed-parts.ts';

export const getEndpointHeaders = defineOperation({
  id: 'endpoint.get-headers',
  method: 'GET',
  path: '/api/v1/app/{app_id}/endpoint/{endpoint_id}/headers',
  tag: 'Endpoint',
  summary: 'Get the headers that are added to deliveries',
  description: 'Values of sensitive headers are not shown, only their names.',
  needs: { role: 'viewer', scope: 'application', permission: 'endpoint:read' },
  replies: { 200: EndpointHeadersOut },
  problems: ['not_found'],
  async handle(call) {
    const { destination } = await findEndpoint(call);
    return { status: 200, body: renderHeaders(openHeaders(call, destination)) };
  },
});
