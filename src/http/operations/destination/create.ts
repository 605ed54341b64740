import { DestinationIn, DestinationOut, renderPollingDestination } from '../../../contract/destination.ts';
import { defineOperation } from '../../define-operation.ts';
import { checkEventTypes } from '../endpoint/check-event-types.ts';
import { findApplication } from '../endpoint/find-endpoint.ts';
import { firstSeq } from './find-poller.ts';
import { freshPoller, settingsOf } from './poller-settings.ts';

export const createDestination = defineOperation({
  id: 'destination.create',
  method: 'POST',
  path: '/api/v1/app/{app_id}/destination',
  tag: 'Destination',
  summary: 'Create a polling endpoint',
  description:
    'Its messages are read with the routes of the message poller, in order of acceptance, from its creation on. Nothing is sent anywhere.',
  needs: { role: 'editor', scope: 'application', permission: 'endpoint:write' },
  body: DestinationIn,
  replies: { 201: DestinationOut },
  problems: ['not_found', 'conflict', 'limit_reached'],
  async handle(call) {
    const settings = settingsOf(call.body);
    const application = await findApplication(call);
    await checkEventTypes(call, settings);
    const poller = freshPoller(call, application.id, settings);
    const start = await firstSeq(call, application.id, poller);
    return call.commit('destination.create', [{ kind: 'destination', before: null, after: poller }], {
      status: 201,
      body: renderPollingDestination(poller, start),
    });
  },
});
