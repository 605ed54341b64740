import { DestinationList } from '../../../contract/flow-destination.ts';
import { OrderedPageQuery, parsePage, renderPage } from '../../../contract/page.ts';
import { parseId, RECEIVED, renderId } from '../../../core/ids.ts';
import { defineOperation } from '../../define-operation.ts';
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
  async handle(call) {
    const page = parsePage(call.query, {
      parse: (text) => parseId(text, 'destination'),
      defaultOrder: 'ascending',
    });
    const rows = await call.storage.catalog.list(call.organization, 'destination', {
      owner: RECEIVED,
      orderBy: 'id',
      direction: page.readDirection,
      after: page.after,
      limit: page.readLimit,
    });
    const body = renderPage(rows, page, {
      item: (destination) => destinationOut(call, destination),
      iterator: ({ id }) => renderId(id, 'destination'),
    });
    return { status: 200, body };
  },
});
