import { renderSecret } from '../../../contract/endpoint-secret.ts';
import { OperationalSecretOut } from '../../../contract/operational-webhook.ts';
import { defineOperation } from '../../define-operation.ts';
import { openKey } from '../endpoint/sealed-parts.ts';
import { currentKeys } from '../endpoint/signing-keys.ts';
import { findOperationalEndpoint, TAG, WRITE } from './operational-endpoint.ts';

export const getOperationalSecret = defineOperation({
  id: 'operational-webhook.endpoint.get-secret',
  method: 'GET',
  path: '/api/v1/operational-webhook/endpoint/{endpoint_id}/secret',
  tag: TAG,
  summary: 'Get the key that operational webhooks are verified with',
  needs: WRITE,
  replies: { 200: OperationalSecretOut },
  problems: ['not_found'],
  async handle(call) {
    const destination = await findOperationalEndpoint(call);
    const keys = currentKeys(destination).map((key) => openKey(call, destination, key));
    return { status: 200, body: renderSecret(keys) };
  },
});
