import { EndpointOut } from '../../../contract/endpoint.ts';
import { defineOperation } from '../../define-operation.ts';
import { findEndpoint } from './find-endpoint.ts';
import { endpointOut } from './sealed-parts.ts';

export const getEndpoint = defineOperation({
  id: 'endpoint.get',
  method: 'GET',
  path: '/api/v1/app/{app_id}/endpoint/{endpoint_id}',
  tag: 'Endpoint',
  summary: 'Get an endpoint',
  needs: { role: 'viewer', scope: 'application', permission: 'endpoint:read' },
  replies: { 200: EndpointOut },
  problems: ['not_found'],
  async handle(call) {
    const { destination } = await findEndpoint(call);
    return { status: 200, body: endpointOut(call, destination) };
  },
});
