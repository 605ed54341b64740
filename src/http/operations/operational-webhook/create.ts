import { OperationalEndpointIn, OperationalEndpointOut } from '../../../contract/operational-webhook.ts';
import { onlyMembers } from '../../../contract/shape.ts';
import { defineOperation } from '../../define-operation.ts';
import { freshDestination } from '../endpoint/destination-of.ts';
import { checkOperationalEventTypes, operationalOut, TAG, WRITE } from './operational-endpoint.ts';

export const createOperationalEndpoint = defineOperation({
  id: 'operational-webhook.endpoint.create',
  method: 'POST',
  path: '/api/v1/operational-webhook/endpoint',
  tag: TAG,
  summary: 'Create an endpoint for operational webhooks',
  description:
    'It is called when something happens to an application’s endpoint: created, updated, deleted, disabled; attempts failing, recovered, exhausted. Deliveries are signed and retried like any other.',
  needs: WRITE,
  body: OperationalEndpointIn,
  replies: { 201: OperationalEndpointOut },
  problems: ['conflict', 'limit_reached'],
  async handle(call) {
    const body = onlyMembers(OperationalEndpointIn, call.body);
    checkOperationalEventTypes(body.eventTypes);
    const after = freshDestination(call, null, body);
    return call.commit('operational-webhook.create', [{ kind: 'destination', before: null, after }], {
      status: 201,
      body: operationalOut(call, after),
    });
  },
});
