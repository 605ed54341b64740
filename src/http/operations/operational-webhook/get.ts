import { OperationalEndpointOut } from '../../../contract/operational-webhook.ts';
import { defineOperation } from '../../define-operation.ts';
import { findOperationalEndpoint, operationalOut, READ, TAG } from './operational-endpoint.ts';

export const getOperationalEndpoint = defineOperation({
  id: 'operational-webhook.endpoint.get',
  method: 'GET',
  path: '/api/v1/operational-webhook/endpoint/{endpoint_id}',
  tag: TAG,
  summary: 'Get an endpoint of operational webhooks',
  needs: READ,
  replies: { 200: OperationalEndpointOut },
  problems: ['not_found'],
  async handle(call) {
    return { status: 200, body: operationalOut(call, await findOperationalEndpoint(call)) };
  },
});
