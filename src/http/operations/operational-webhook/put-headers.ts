import { checkHeaders } from '../../../contract/custom-headers.ts';
import { OperationalHeadersIn } from '../../../contract/operational-webhook.ts';
import { defineOperation } from '../../define-operation.ts';
import { seal } from '../endpoint/sealed-parts.ts';
import { findOperationalEndpoint, TAG, WRITE } from './operational-endpoint.ts';

export const putOperationalHeaders = defineOperation({
  id: 'operational-webhook.endpoint.set-headers',
  method: 'PUT',
  path: '/api/v1/operational-webhook/endpoint/{endpoint_id}/headers',
  tag: TAG,
  summary: 'Set the headers that are added to operational webhooks',
  needs: WRITE,
  body: OperationalHeadersIn,
  replies: { 204: null },
  problems: ['not_found'],
  async handle(call) {
    const headers = checkHeaders(call.body.headers, ['body', 'headers']);
    const before = await findOperationalEndpoint(call);
    const after = {
      ...before,
      headers: headers.length === 0 ? null : seal(call, before.id, headers),
      updatedAt: call.clock.now(),
    };
    return call.commit('operational-webhook.set-headers', [{ kind: 'destination', before, after }], {
      status: 204,
      body: undefined,
    });
  },
});
