import { EndpointList } from '../../../contract/endpoint.ts';
import { OrderedPageQuery } from '../../../contract/page.ts';
import { defineOperation } from '../../define-operation.ts';
import { listResources } from '../list-resources.ts';
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
    return listResources(call, 'destination', {
      owner: application.id,
      where: { kind: 'http' },
      prefix: 'endpoint',
      item: (destination) => endpointOut(call, destination),
    });
  },
});
