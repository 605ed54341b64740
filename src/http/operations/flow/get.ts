import { FlowOut, renderFlow } from '../../../contract/flow.ts';
import { defineOperation } from '../../define-operation.ts';
import { findFlow, READ, TAG } from './flow-of.ts';

export const getFlow = defineOperation({
  id: 'flow.get',
  method: 'GET',
  path: '/api/v1/flow/{flow_id}',
  tag: TAG,
  summary: 'Get a flow',
  needs: READ,
  replies: { 200: FlowOut },
  problems: ['not_found'],
  async handle(call) {
    return { status: 200, body: renderFlow(await findFlow(call)) };
  },
});
