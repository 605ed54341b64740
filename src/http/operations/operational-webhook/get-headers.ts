import { renderHeaders } from '../../../contract/custom-headers.ts';
import { OperationalHeadersOut } from '../../../contract/operational-webhook.ts';
import { defineOperation } from '../../define-operation.ts';
import { openHeaders } from '../endpoint/sealed-parts.ts';
import { findOperationalEndpoint, READ, TAG } from './operational-endpoint.ts';

export const getOperationalHeaders = defineOperation({
  id: 'operational-webhook.endpoint.get-headers',
  method: 'GET',
  path: '/api/v1/operational-webhook/endpoint/{endpoint_id}/headers',
  tag: TAG,
  summary: 'Get the headers that are added to operational webhooks',
  needs: READ,
  replies: { 200: OperationalHeadersOut },
  problems: ['not_found'],
  async handle(call) {
    const destination = await findOperationalEndpoint(call);
    return { status: 200, body: renderHeaders(openHeaders(call, destination)) };
  },
});
