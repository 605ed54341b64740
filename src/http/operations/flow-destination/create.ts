import { DestinationIn, DestinationOut } from '../../../contract/flow-destination.ts';
import { defineOperation } from '../../define-operation.ts';
import { destinationOut, newFlowDestination, TAG, WRITE } from './destination-of.ts';

export const createFlowDestination = defineOperation({
  id: 'flow-destination.create',
  method: 'POST',
  path: '/api/v1/destination',
  tag: TAG,
  summary: 'Create a destination for flows',
  description:
    'What is sent to it is for `request` to say: by default the call as it came, with its method, headers and bytes, so that the sender’s signature still verifies.',
  needs: WRITE,
  body: DestinationIn,
  replies: { 201: DestinationOut },
  problems: ['conflict', 'limit_reached'],
  async handle(call) {
    const after = newFlowDestination(call, call.body);
    return call.commit('destination.create', [{ kind: 'destination', before: null, after }], {
      status: 201,
      body: destinationOut(call, after),
    });
  },
});
