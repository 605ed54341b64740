import { DestinationOut } from '../../../contract/flow-destination.ts';
import { defineOperation } from '../../define-operation.ts';
import { destinationOut, findFlowDestination, READ, TAG } from './destination-of.ts';

export const getFlowDestination = defineOperation({
  id: 'flow-destination.get',
  method: 'GET',
  path: '/api/v1/destination/{destination_id}',
  tag: TAG,
  summary: 'Get a destination of flows',
  needs: READ,
  replies: { 200: DestinationOut },
  problems: ['not_found'],
  async handle(call) {
    return { status: 200, body: destinationOut(call, await findFlowDestination(call)) };
  },
});
