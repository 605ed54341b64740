import { EndpointSecretRotateIn } from '../../../contract/endpoint-secret.ts';
import { defineOperation } from '../../define-operation.ts';
import { findEndpoint } from './find-endpoint.ts';
import { rotatedKeys } from './signing-keys.ts';

export const rotateEndpointSecret = defineOperation({
  id: 'endpoint.rotate-secret',
  method: 'POST',
  path: '/api/v1/app/{app_id}/endpoint/{endpoint_id}/secret/rotate',
  tag: 'Endpoint',
  summary: 'Replace the signing key',
  description:
    'The keys that were current go on signing beside the new one for the grace period. An endpoint has one key of one type, or one of each: give both in `key`, separated by a space, or ask for both with `signatureTypes`.',
  needs: { role: 'editor', scope: 'application', permission: 'endpoint-secret:write' },
  body: EndpointSecretRotateIn,
  replies: { 204: null },
  problems: ['not_found', 'limit_reached'],
  async handle(call) {
    const { destination: before } = await findEndpoint(call);
    const keys = rotatedKeys(call, before, {
      given: call.body.key,
      types: call.body.signatureTypes,
      loc: ['body', 'key'],
      graceSeconds: call.body.gracePeriodSeconds,
    });
    return call.commit(
      'endpoint.rotate-secret',
      [{ kind: 'destination', before, after: { ...before, keys } }],
      {
        status: 204,
        body: undefined,
      },
    );
  },
});
