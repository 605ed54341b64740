import { EndpointList } from '../../../contract/endpoint.ts';
import { OrderedPageQuery, parsePage, renderPage } from '../../../contract/page.ts';
import { parseId, renderId } from '../../../core/ids.ts';
import { defineOperation } from '../../define-operation.ts';
import { findApplication } from './find-endpoint.ts';
import { endpointOut } from './sealed-parts.ts';

export const listEndpoints = defineOperation({
  id: 'endpoint.list',
  method: 'GET',
  path: '/api/v1/app/{app_id}/endpoint',
  tag: 'Endpoint',
  summary: 'List an application’s endpoints',
  needs: { role: 'viewer', scope: 'application', permission: 'endpoint:read' },
  query: OrderedPageQuery,
  replies: { 200: EndpointList },
  problems: ['not_found'],
  async handle(call) {
    const application = await findApplication(call);
    const parse = (text: string) => parseId(text, 'endpoint');
    const page = parsePage(call.query, { parse, defaultOrder: 'ascending' });
    const rows = await call.storage.catalog.list(call.organization, 'destination', {
      owner: application.id,
      orderBy: 'id',
      direction: page.readDirection,
      after: page.after,
      limit: page.readLimit,
      where: { kind: 'http' },
    });
    return {
      status: 200,
      body: renderPage(rows, page, {
        item: (destination) => endpointOut(call, destination),
        iterator: ({ id }) => renderId(id, 'endpoint'),
      }),
    };
  },
});
