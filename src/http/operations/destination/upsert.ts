import { DestinationIn, DestinationOut, renderPollingDestination } from '../../../contract/destination.ts';
import { checkPathUid } from '../../../contract/uid.ts';
import { parseId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import { defineOperation } from '../../define-operation.ts';
import { checkEventTypes } from '../endpoint/check-event-types.ts';
import { findApplication } from '../endpoint/find-endpoint.ts';
import { findPollerOrNull, firstSeq } from './find-poller.ts';
import { freshPoller, settingsOf } from './poller-settings.ts';

export const upsertDestination = defineOperation({
  id: 'destination.upsert',
  method: 'PUT',
  path: '/api/v1/app/{app_id}/destination/{destination_id}',
  tag: 'Destination',
  summary: 'Create or replace a polling endpoint',
  description: 'A new one is made under the uid in the path.',
  needs: { role: 'editor', scope: 'application', permission: 'endpoint:write' },
  body: DestinationIn,
  replies: { 200: DestinationOut, 201: DestinationOut },
  problems: ['not_found', 'conflict'],
  async handle(call) {
    const ref = call.params.destination_id ?? '';
    const settings = settingsOf(call.body);
    const application = await findApplication(call);
    await checkEventTypes(call, settings);
    const before = await findPollerOrNull(call, application.id, ref);
    if (before === null && parseId(ref, 'poller') !== undefined) {
      throw new Problem(
        'not_found',
        'This application has no polling endpoint with this id: PUT to a uid to make one.',
      );
    }
    const after =
      before === null
        ? freshPoller(call, application.id, {
            ...settings,
            uid: settings.uid ?? checkPathUid(ref, 'destination_id'),
          })
        : { ...before, ...settings, uid: settings.uid ?? before.uid, updatedAt: call.clock.now() };
    const start = await firstSeq(call, application.id, after);
    return call.commit('destination.upsert', [{ kind: 'destination', before, after }], {
      status: before === null ? 201 : 200,
      body: renderPollingDestination(after, start),
    });
  },
});
