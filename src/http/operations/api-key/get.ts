import { ApiKeyOut, renderApiKey } from '../../../contract/api-key.ts';
import { defineOperation } from '../../define-operation.ts';
import { findApiKey } from './find-api-key.ts';

export const getApiKey = defineOperation({
  id: 'api-key.get',
  method: 'GET',
  path: '/api/v1/api-key/{api_key_id}',
  tag: 'API key',
  summary: 'Get an API key, without its text.',
  needs: { role: 'owner', scope: 'organization', permission: 'api-key:read' },
  replies: { 200: ApiKeyOut },
  problems: [],
  async handle(call) {
    return { status: 200, body: renderApiKey(await findApiKey(call)) };
  },
});
