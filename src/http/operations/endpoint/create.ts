import { EndpointIn, EndpointOut } from '../../../contract/endpoint.ts';
import { defineOperation } from '../../define-operation.ts';
import { checkEventTypes } from './check-event-types.ts';
import { freshDestination } from './destination-of.ts';
import { findApplication } from './find-endpoint.ts';
import { endpointOut } from './sealed-parts.ts';

export const createEndpoint = defineOperation({
  id: 'endpoint.create',
  method: 'POST',
  path: '/api/v1/app/{app_id}/endpoint',
  tag: 'Endpoint',
  summary: 'Create an endpoint',
  description:
    'Messages published after the answer go to it. A URL that leads to a private address is stored, but deliveries to it are blocked until the server’s settings allow that network. `user:password@` in the URL is kept as basic `auth`: encrypted, and shown masked.',
  needs: { role: 'editor', scope: 'application', permission: 'endpoint:write' },
  body: EndpointIn,
  replies: { 201: EndpointOut },
  problems: ['not_found', 'conflict', 'limit_reached'],
  async handle(call) {
    const application = await findApplication(call);
    const after = freshDestination(call, application.id, call.body);
    await checkEventTypes(call, call.body);
    return call.commit('endpoint.create', [{ kind: 'destination', before: null, after }], {
      status: 201,
      body: endpointOut(call, after),
    });
  },
});
