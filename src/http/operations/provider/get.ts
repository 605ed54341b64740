import { ProviderOut, renderProvider } from '../../../contract/provider.ts';
import { Problem } from '../../../core/problem.ts';
import { defineOperation } from '../../define-operation.ts';

export const getProvider = defineOperation({
  id: 'provider.get',
  method: 'GET',
  path: '/api/v1/provider/{provider_id}',
  tag: 'Provider',
  summary: 'Get what it takes to verify a service',
  needs: { role: 'viewer', scope: 'organization', permission: 'source:read' },
  replies: { 200: ProviderOut },
  problems: ['not_found'],
  handle(call) {
    const provider = call.engine.sources.providers.get(call.params.provider_id ?? '');
    if (provider === undefined)
      throw new Problem('not_found', 'There is no such provider: GET /api/v1/provider lists them.');
    return { status: 200, body: renderProvider(provider) };
  },
});
