import { DestinationTransformationOut, renderTransformation } from '../../../contract/transformation.ts';
import { defineOperation } from '../../define-operation.ts';
import { findApplication } from '../endpoint/find-endpoint.ts';
import { DESCRIPTION, NOTICE_HEADERS } from '../transformation/stored-transformation.ts';
import { findPoller } from './find-poller.ts';

export const getDestinationTransformation = defineOperation({
  id: 'destination.transformation.get',
  method: 'GET',
  path: '/api/v1/app/{app_id}/destination/{destination_id}/transformation',
  tag: 'Transformation',
  summary: 'Get the code that is kept to change a polling endpoint’s messages (it does not run yet)',
  description: DESCRIPTION,
  needs: { role: 'viewer', scope: 'application', permission: 'transformation:read' },
  replies: { 200: DestinationTransformationOut },
  problems: ['not_found'],
  async handle(call) {
    const application = await findApplication(call);
    const poller = await findPoller(call, application.id, call.params.destination_id ?? '');
    const { code, enabled, runs } = renderTransformation(poller.transformation);
    return { status: 200, body: { code, enabled, runs }, headers: NOTICE_HEADERS };
  },
});
