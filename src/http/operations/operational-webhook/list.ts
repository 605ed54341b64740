import { OperationalEndpointListOut } from '../../../contract/operational-webhook.ts';
import { OrderedPageQuery } from '../../../contract/page.ts';
import { defineOperation } from '../../define-operation.ts';
import { listResources } from '../list-resources.ts';
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
  handle(call) {
    return listResources(call, 'destination', {
      owner: null,
      where: { kind: 'http' },
      prefix: 'endpoint',
      item: (destination) => operationalOut(call, destination),
    });
  },
});
