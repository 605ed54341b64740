import { parseRef } from '../../../contract/ids.ts';
import {
  OperationalEndpointOut,
  OperationalEndpointUpsertIn,
} from '../../../contract/operational-webhook.ts';
import { onlyMembers } from '../../../contract/shape.ts';
import { checkPathUid } from '../../../contract/uid.ts';
import { Problem } from '../../../core/problem.ts';
import { defineOperation } from '../../define-operation.ts';
import { freshDestination, replacedDestination } from '../endpoint/destination-of.ts';
import { checkOperationalEventTypes, operationalOut, TAG, WRITE } from './operational-endpoint.ts';

export const upsertOperationalEndpoint = defineOperation({
  id: 'operational-webhook.endpoint.upsert',
  method: 'PUT',
  path: '/api/v1/operational-webhook/endpoint/{endpoint_id}',
  tag: TAG,
  summary: 'Create or replace an endpoint of operational webhooks',
  description:
    'A new one is made under the uid in the path. Its secret and headers stay when it is replaced.',
  needs: WRITE,
  body: OperationalEndpointUpsertIn,
  replies: { 200: OperationalEndpointOut, 201: OperationalEndpointOut },
  problems: ['not_found', 'conflict', 'limit_reached'],
  async handle(call) {
    checkOperationalEventTypes(call.body.eventTypes);
    const ref = parseRef<'destination'>(call.params.endpoint_id ?? '', 'endpoint');
    const before = await call.storage.catalog.find(call.organization, 'destination', ref, null);
    if (before === null && 'id' in ref) {
      throw new Problem(
        'not_found',
        'There is no such operational webhook endpoint: PUT to a uid to make one.',
      );
    }
    const uid = call.body.uid ?? before?.uid ?? ('uid' in ref ? checkPathUid(ref.uid, 'endpoint_id') : null);
    const body = { ...onlyMembers(OperationalEndpointUpsertIn, call.body), uid };
    const after =
      before === null ? freshDestination(call, null, body) : replacedDestination(call, before, body);
    return call.commit('operational-webhook.upsert', [{ kind: 'destination', before, after }], {
      status: before === null ? 201 : 200,
      body: operationalOut(call, after),
    });
  },
});
