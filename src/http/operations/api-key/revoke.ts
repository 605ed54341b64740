import { defineOperation } from '../../define-operation.ts';
import { findApiKey } from './find-api-key.ts';

export const revokeApiKey = defineOperation({
  id: 'api-key.revoke',
  method: 'DELETE',
  path: '/api/v1/api-key/{api_key_id}',
  tag: 'API key',
  summary: 'Revoke an API key.',
  description: 'It stops working at once, and stays listed.',
  needs: { role: 'owner', scope: 'organization', permission: 'api-key:write' },
  replies: { 204: null },
  problems: [],
  async handle(call) {
    const before = await findApiKey(call);
    const done = { status: 204, body: undefined };
    if (before.revokedAt !== null) return done;
    const after = { ...before, revokedAt: call.clock.now() };
    return call.commit('api-key.revoke', [{ kind: 'api-key', before, after }], done);
  },
});
