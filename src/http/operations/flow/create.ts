import { FlowIn, FlowOut, renderFlow } from '../../../contract/flow.ts';
import { defineOperation } from '../../define-operation.ts';
import { newFlow, TAG, WRITE } from './flow-of.ts';

export const createFlow = defineOperation({
  id: 'flow.create',
  method: 'POST',
  path: '/api/v1/flow',
  tag: TAG,
  summary: 'Create a flow',
  description: 'Events that its sources take after the answer go to its destinations.',
  needs: WRITE,
  body: FlowIn,
  replies: { 201: FlowOut },
  problems: ['conflict', 'limit_reached'],
  async handle(call) {
    const after = await newFlow(call, call.body);
    return call.commit('flow.create', [{ kind: 'flow', before: null, after }], {
      status: 201,
      body: renderFlow(after),
    });
  },
});
