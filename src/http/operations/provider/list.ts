import { ProviderList, renderProvider } from '../../../contract/provider.ts';
import { defineOperation } from '../../define-operation.ts';

export const listProviders = defineOperation({
  id: 'provider.list',
  method: 'GET',
  path: '/api/v1/provider',
  tag: 'Provider',
  summary: 'List the services that a source knows how to verify',
  needs: { role: 'viewer', scope: 'organization', permission: 'source:read' },
  replies: { 200: ProviderList },
  problems: [],
  handle(call) {
    const data = [...call.engine.sources.providers.values()].map(renderProvider);
    return { status: 200, body: { data } };
  },
});
