import { OperationalEndpointListOut } from '../../../contract/operational-webhook.ts';
import { OrderedPageQuery, parsePage, renderPage } from '../../../contract/page.ts';
import { parseId, renderId } from '../../../core/ids.ts';
import { defineOperation } from '../../define-operation.ts';
import { operationalOut, READ, TAG } from './operational-endpoint.ts';

export const listOperationalEndpoints = defineOperation({
  id: 'operational-webhook.endpoint.list',
  method: 'GET',
  path: '/api/v1/operational-webhook/endpoint',
  tag: TAG,
  summary: 'List the endpoints of operational webhooks',
  needs: READ,
  query: OrderedPageQuery,
  replies: { 200: OperationalEndpointListOut },
  problems: [],
  async handle(call) {
    const page = parsePage(call.query, {
      parse: (text) => parseId(text, 'endpoint'),
      defaultOrder: 'ascending',
    });
    const rows = await call.storage.catalog.list(call.organization, 'destination', {
      owner: null,
      orderBy: 'id',
      direction: page.readDirection,
      after: page.after,
      limit: page.readLimit,
      where: { kind: 'http' },
    });
    return {
      status: 200,
      body: renderPage(rows, page, {
        item: (row) => operationalOut(call, row),
        iterator: (row) => renderId(row.id, 'endpoint'),
      }),
    };
  },
});
