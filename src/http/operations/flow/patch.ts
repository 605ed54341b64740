import { FlowOut, FlowPatch, renderFlow } from '../../../contract/flow.ts';
import { defineOperation } from '../../define-operation.ts';
import { checkedFlow, findFlow, TAG, WRITE } from './flow-of.ts';

export const patchFlow = defineOperation({
  id: 'flow.patch',
  method: 'PATCH',
  path: '/api/v1/flow/{flow_id}',
  tag: TAG,
  summary: 'Change members of a flow',
  description: 'What the body leaves out stays; null clears what may be cleared.',
  needs: WRITE,
  body: FlowPatch,
  replies: { 200: FlowOut },
  problems: ['not_found', 'conflict'],
  async handle(call) {
    const before = await findFlow(call);
    const after = await checkedFlow(call, before, call.body);
    return call.commit('flow.update', [{ kind: 'flow', before, after }], {
      status: 200,
      body: renderFlow(after),
    });
  },
});
