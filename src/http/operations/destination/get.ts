import { DestinationOut, renderPollingDestination } from '../../../contract/destination.ts';
import { defineOperation } from '../../define-operation.ts';
import { findApplication } from '../endpoint/find-endpoint.ts';
import { findPoller, firstSeq } from './find-poller.ts';

export const getDestination = defineOperation({
  id: 'destination.get',
  method: 'GET',
  path: '/api/v1/app/{app_id}/destination/{destination_id}',
  tag: 'Destination',
  summary: 'Get a polling endpoint',
  needs: { role: 'viewer', scope: 'application', permission: 'endpoint:read' },
  replies: { 200: DestinationOut },
  problems: ['not_found'],
  async handle(call) {
    const application = await findApplication(call);
    const poller = await findPoller(call, application.id, call.params.destination_id ?? '');
    return {
      status: 200,
      body: renderPollingDestination(poller, await firstSeq(call, application.id, poller)),
    };
  },
});
