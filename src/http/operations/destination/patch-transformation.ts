import { DestinationTransformIn, EmptyOut } from '../../../contract/transformation.ts';
import { defineOperation } from '../../define-operation.ts';
import { findApplication } from '../endpoint/find-endpoint.ts';
import { DESCRIPTION, NOTICE_HEADERS, withTransformation } from '../transformation/stored-transformation.ts';
import { findPoller } from './find-poller.ts';

export const patchDestinationTransformation = defineOperation({
  id: 'destination.transformation.patch',
  method: 'PATCH',
  path: '/api/v1/app/{app_id}/destination/{destination_id}/transformation',
  tag: 'Transformation',
  summary: 'Keep code that is to change a polling endpoint’s messages (it does not run yet)',
  description: DESCRIPTION,
  needs: { role: 'editor', scope: 'application', permission: 'transformation:write' },
  body: DestinationTransformIn,
  replies: { 200: EmptyOut },
  problems: ['not_found'],
  async handle(call) {
    const application = await findApplication(call);
    const before = await findPoller(call, application.id, call.params.destination_id ?? '');
    const { code } = call.body;
    // This route has no switch: code that is set counts as meant to run.
    const change = code === undefined ? {} : { code, enabled: code !== null && code !== '' };
    const after = withTransformation(before, change, call.clock.now());
    return call.commit('destination.set-transformation', [{ kind: 'destination', before, after }], {
      status: 200,
      body: {},
      headers: NOTICE_HEADERS,
    });
  },
});
