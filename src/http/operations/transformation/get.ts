import { EndpointTransformationOut, renderTransformation } from '../../../contract/transformation.ts';
import { defineOperation } from '../../define-operation.ts';
import { findEndpoint } from '../endpoint/find-endpoint.ts';
import { DESCRIPTION, NOTICE_HEADERS } from './stored-transformation.ts';

export const getTransformation = defineOperation({
  id: 'endpoint.transformation.get',
  method: 'GET',
  path: '/api/v1/app/{app_id}/endpoint/{endpoint_id}/transformation',
  tag: 'Transformation',
  summary: 'Get the code that is kept to change an endpoint’s messages (it does not run yet)',
  description: DESCRIPTION,
  needs: { role: 'viewer', scope: 'application', permission: 'transformation:read' },
  replies: { 200: EndpointTransformationOut },
  problems: ['not_found'],
  async handle(call) {
    const { destination } = await findEndpoint(call);
    return { status: 200, body: renderTransformation(destination.transformation), headers: NOTICE_HEADERS };
  },
});
