import { ApiKeyList, renderApiKey } from '../../../contract/api-key.ts';
import { OrderedPageQuery } from '../../../contract/page.ts';
import { defineOperation } from '../../define-operation.ts';
import { listResources } from '../list-resources.ts';

export const listApiKeys = defineOperation({
  id: 'api-key.list',
  method: 'GET',
  path: '/api/v1/api-key',
  tag: 'API key',
  summary: 'List API keys, also revoked ones, without their texts.',
  needs: { role: 'owner', scope: 'organization', permission: 'api-key:read' },
  query: OrderedPageQuery,
  replies: { 200: ApiKeyList },
  problems: [],
  handle(call) {
    return listResources(call, 'api-key', { prefix: 'apiKey', item: renderApiKey });
  },
});
