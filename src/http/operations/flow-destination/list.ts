import { DestinationList } from '../../../contract/flow-destination.ts';
import { OrderedPageQuery } from '../../../contract/page.ts';
import { RECEIVED } from '../../../core/ids.ts';
import { defineOperation } from '../../define-operation.ts';
import { listResources } from '../list-resources.ts';
import { destinationOut, READ, TAG } from './destination-of.ts';

export const listFlowDestinations = defineOperation({
  id: 'flow-destination.list',
  method: 'GET',
  path: '/api/v1/destination',
  tag: TAG,
  summary: 'List the destinations of flows',
  needs: READ,
  query: OrderedPageQuery,
  replies: { 200: DestinationList },
  problems: [],
  handle(call) {
    return listResources(call, 'destination', {
      owner: RECEIVED,
      prefix: 'destination',
      item: (destination) => destinationOut(call, destination),
    });
  },
});
