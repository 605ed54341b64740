import { EndpointSecretOut, renderSecret } from '../../../contract/endpoint-secret.ts';
import { defineOperation } from '../../define-operation.ts';
import { openKey } from '../endpoint/sealed-parts.ts';
import { currentKeys } from '../endpoint/signing-keys.ts';
import { findFlowDestination, TAG, WRITE } from './destination-of.ts';

export const getFlowDestinationSecret = defineOperation({
  id: 'flow-destination.get-secret',
  method: 'GET',
  path: '/api/v1/destination/{destination_id}/secret',
  tag: TAG,
  summary: 'Get what a destination verifies Posthorn’s own signatures with',
  needs: WRITE,
  replies: { 200: EndpointSecretOut },
  problems: ['not_found'],
  async handle(call) {
    const destination = await findFlowDestination(call);
    const keys = currentKeys(destination).map((key) => openKey(call, destination, key));
    return { status: 200, body: renderSecret(keys) };
  },
});
