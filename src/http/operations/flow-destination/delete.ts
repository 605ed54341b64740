import { defineOperation } from '../../define-operation.ts';
import { findFlowDestination, TAG, WRITE } from './destination-of.ts';

export const deleteFlowDestination = defineOperation({
  id: 'flow-destination.delete',
  method: 'DELETE',
  path: '/api/v1/destination/{destination_id}',
  tag: TAG,
  summary: 'Delete a destination',
  description: 'What still waits for it is canceled; flows that name it go on without it.',
  needs: WRITE,
  replies: { 204: null },
  problems: ['not_found'],
  async handle(call) {
    const before = await findFlowDestination(call);
    return call.commit('destination.delete', [{ kind: 'destination', before, after: null }], {
      status: 204,
      body: undefined,
    });
  },
});
