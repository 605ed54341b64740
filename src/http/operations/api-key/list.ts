import { ApiKeyList, renderApiKey } from '../../../contract/api-key.ts';
import { OrderedPageQuery, parsePage, renderPage } from '../../../contract/page.ts';
import { parseId, renderId } from '../../../core/ids.ts';
import { defineOperation } from '../../define-operation.ts';

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
  async handle(call) {
    const page = parsePage(call.query, {
      parse: (text) => parseId(text, 'apiKey'),
      defaultOrder: 'ascending',
    });
    const rows = await call.storage.catalog.list(call.organization, 'api-key', {
      orderBy: 'id',
      direction: page.readDirection,
      after: page.after,
      limit: page.readLimit,
    });
    const iterator = (row: { readonly id: string }): string => renderId(row.id, 'apiKey');
    return { status: 200, body: renderPage(rows, page, { item: renderApiKey, iterator }) };
  },
});
