import { ApplicationList, renderApplication } from '../../../contract/application.ts';
import { OrderedPageQuery } from '../../../contract/page.ts';
import { defineOperation } from '../../define-operation.ts';
import { listResources } from '../list-resources.ts';

export const listApplications = defineOperation({
  id: 'application.list',
  method: 'GET',
  path: '/api/v1/app',
  tag: 'Application',
  summary: 'List the organization’s applications.',
  description: 'Oldest first unless `order` says otherwise.',
  needs: { role: 'viewer', scope: 'organization', permission: 'application:read' },
  query: OrderedPageQuery,
  replies: { 200: ApplicationList },
  problems: [],
  handle(call) {
    return listResources(call, 'application', { prefix: 'application', item: renderApplication });
  },
});
