import { defineOperation } from '../../define-operation.ts';
import { findFlow, TAG, WRITE } from './flow-of.ts';

export const deleteFlow = defineOperation({
  id: 'flow.delete',
  method: 'DELETE',
  path: '/api/v1/flow/{flow_id}',
  tag: TAG,
  summary: 'Delete a flow',
  description: 'Deliveries that it has begun go on; its destinations stay.',
  needs: WRITE,
  replies: { 204: null },
  problems: ['not_found'],
  async handle(call) {
    const before = await findFlow(call);
    return call.commit('flow.delete', [{ kind: 'flow', before, after: null }], {
      status: 204,
      body: undefined,
    });
  },
});
