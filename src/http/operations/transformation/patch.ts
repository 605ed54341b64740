import { EndpointTransformationPatch } from '../../../contract/transformation.ts';
import { defineOperation } from '../../define-operation.ts';
import { findEndpoint } from '../endpoint/find-endpoint.ts';
import { DESCRIPTION, NOTICE_HEADERS, withTransformation } from './stored-transformation.ts';

export const patchTransformation = defineOperation({
  id: 'endpoint.transformation.patch',
  method: 'PATCH',
  path: '/api/v1/app/{app_id}/endpoint/{endpoint_id}/transformation',
  tag: 'Transformation',
  summary: 'Keep code that is to change an endpoint’s messages (it does not run yet)',
  description: DESCRIPTION,
  needs: { role: 'editor', scope: 'application', permission: 'transformation:write' },
  body: EndpointTransformationPatch,
  replies: { 204: null },
  problems: ['not_found'],
  async handle(call) {
    const { destination: before } = await findEndpoint(call);
    const after = withTransformation(before, call.body, call.clock.now());
    return call.commit('endpoint.set-transformation', [{ kind: 'destination', before, after }], {
      status: 204,
      body: undefined,
      headers: NOTICE_HEADERS,
    });
  },
});
