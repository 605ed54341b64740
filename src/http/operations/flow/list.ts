import { FlowList, renderFlow } from '../../../contract/flow.ts';
import { OrderedPageQuery } from '../../../contract/page.ts';
import { defineOperation } from '../../define-operation.ts';
import { listResources } from '../list-resources.ts';
import { READ, TAG } from './flow-of.ts';

export const listFlows = defineOperation({
  id: 'flow.list',
  method: 'GET',
  path: '/api/v1/flow',
  tag: TAG,
  summary: 'List flows',
  needs: READ,
  query: OrderedPageQuery,
  replies: { 200: FlowList },
  problems: [],
  handle(call) {
    return listResources(call, 'flow', { owner: null, prefix: 'flow', item: renderFlow });
  },
});
