import { EndpointSecretOut, renderSecret } from '../../../contract/endpoint-secret.ts';
import { defineOperation } from '../../define-operation.ts';
import { findEndpoint } from './find-endpoint.ts';
import { openKey } from './sealed-parts.ts';
import { currentKeys } from './signing-keys.ts';

export const getEndpointSecret = defineOperation({
  id: 'endpoint.get-secret',
  method: 'GET',
  path: '/api/v1/app/{app_id}/endpoint/{endpoint_id}/secret',
  tag: 'Endpoint',
  summary: 'Get what receivers verify signatures with',
  // A reader of the configuration must not be able to forge deliveries.
  needs: { role: 'editor', scope: 'application', permission: 'endpoint-secret:read' },
  replies: { 200: EndpointSecretOut },
  problems: ['not_found'],
  async handle(call) {
    const { destination } = await findEndpoint(call);
    const keys = currentKeys(destination).map((key) => openKey(call, destination, key));
    return { status: 200, body: renderSecret(keys) };
  },
});
