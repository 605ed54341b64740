import { OperationalSecretIn } from '../../../contract/operational-webhook.ts';
import { defineOperation } from '../../define-operation.ts';
import { rotatedKeys } from '../endpoint/signing-keys.ts';
import { findOperationalEndpoint, TAG, WRITE } from './operational-endpoint.ts';

export const rotateOperationalSecret = defineOperation({
  id: 'operational-webhook.endpoint.rotate-secret',
  method: 'POST',
  path: '/api/v1/operational-webhook/endpoint/{endpoint_id}/secret/rotate',
  tag: TAG,
  summary: 'Rotate the key that operational webhooks are signed with',
  description: 'The old key signs beside the new one for the grace period, 24 hours unless said.',
  needs: WRITE,
  body: OperationalSecretIn,
  replies: { 204: null },
  problems: ['not_found', 'limit_reached'],
  async handle(call) {
    const { key, signatureTypes, gracePeriodSeconds } = call.body;
    const before = await findOperationalEndpoint(call);
    const keys = rotatedKeys(call, before, {
      given: key,
      types: signatureTypes,
      loc: ['body', 'key'],
      graceSeconds: gracePeriodSeconds,
    });
    const after = { ...before, keys, updatedAt: call.clock.now() };
    return call.commit('operational-webhook.rotate-secret', [{ kind: 'destination', before, after }], {
      status: 204,
      body: undefined,
    });
  },
});
