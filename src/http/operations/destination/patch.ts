import { DestinationOut, DestinationPatch, renderPollingDestination } from '../../../contract/destination.ts';
import { defineOperation } from '../../define-operation.ts';
import { checkEventTypes } from '../endpoint/check-event-types.ts';
import { findApplication } from '../endpoint/find-endpoint.ts';
import { findPoller, firstSeq } from './find-poller.ts';
import { patchedSettings } from './poller-settings.ts';

export const patchDestination = defineOperation({
  id: 'destination.patch',
  method: 'PATCH',
  path: '/api/v1/app/{app_id}/destination/{destination_id}',
  tag: 'Destination',
  summary: 'Change a polling endpoint',
  needs: { role: 'editor', scope: 'application', permission: 'endpoint:write' },
  body: DestinationPatch,
  replies: { 200: DestinationOut },
  problems: ['not_found', 'conflict'],
  async handle(call) {
    const application = await findApplication(call);
    const before = await findPoller(call, application.id, call.params.destination_id ?? '');
    const settings = patchedSettings(before, call.body);
    if (call.body.eventTypes !== undefined) await checkEventTypes(call, settings);
    const after = { ...before, ...settings, updatedAt: call.clock.now() };
    return call.commit('destination.update', [{ kind: 'destination', before, after }], {
      status: 200,
      body: renderPollingDestination(after, await firstSeq(call, application.id, after)),
    });
  },
});
