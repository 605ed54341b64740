import { DestinationOut, DestinationPatch } from '../../../contract/flow-destination.ts';
import { defineOperation } from '../../define-operation.ts';
import { changedFlowDestination, destinationOut, findFlowDestination, TAG, WRITE } from './destination-of.ts';

export const patchFlowDestination = defineOperation({
  id: 'flow-destination.patch',
  method: 'PATCH',
  path: '/api/v1/destination/{destination_id}',
  tag: TAG,
  summary: 'Change members of a destination',
  description: 'What the body leaves out stays; null clears what may be cleared.',
  needs: WRITE,
  body: DestinationPatch,
  replies: { 200: DestinationOut },
  problems: ['not_found', 'conflict'],
  async handle(call) {
    const before = await findFlowDestination(call);
    const after = changedFlowDestination(call, before, call.body);
    return call.commit('destination.update', [{ kind: 'destination', before, after }], {
      status: 200,
      body: destinationOut(call, after),
    });
  },
});
