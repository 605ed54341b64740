import { EndpointOut, EndpointUpdate } from '../../../contract/endpoint.ts';
import { parseRef } from '../../../contract/ids.ts';
import { checkPathUid } from '../../../contract/uid.ts';
import type { Destination } from '../../../core/catalog/resources.ts';
import type { ApplicationId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import { type Call, defineOperation } from '../../define-operation.ts';
import { checkEventTypes } from './check-event-types.ts';
import { freshDestination, replacedDestination } from './destination-of.ts';
import { findApplication } from './find-endpoint.ts';
import { endpointOut } from './sealed-parts.ts';

export const updateEndpoint = defineOperation({
  id: 'endpoint.update',
  method: 'PUT',
  path: '/api/v1/app/{app_id}/endpoint/{endpoint_id}',
  tag: 'Endpoint',
  summary: 'Create or replace an endpoint',
  description:
    'A uid that is not there yet is created (201) and becomes the endpoint’s uid unless the body names one. Members of the compatible API that the body leaves out get their defaults; `retrySchedule`, `timeoutSeconds`, `concurrency`, `ordering`, `method`, `auth`, `tls` and `http2` stay as they are. Signing keys and headers stay too: they have routes of their own.',
  needs: { role: 'editor', scope: 'application', permission: 'endpoint:write' },
  body: EndpointUpdate,
  replies: { 200: EndpointOut, 201: EndpointOut },
  problems: ['not_found', 'conflict', 'limit_reached'],
  async handle(call) {
    const application = await findApplication(call);
    const ref = call.params.endpoint_id ?? '';
    const named = parseRef<'destination'>(ref, 'endpoint');
    const before = await findOrNull(call, application.id, ref);
    if (before === null && 'id' in named) {
      throw new Problem(
        'not_found',
        'There is no endpoint of this id. Use a uid of your own to create one by PUT.',
      );
    }
    const uid = before === null && 'uid' in named ? checkPathUid(named.uid, 'endpoint_id') : undefined;
    const body = uid === undefined ? call.body : { uid, ...call.body };
    await checkEventTypes(call, body);
    const after =
      before === null
        ? freshDestination(call, application.id, body)
        : replacedDestination(call, before, body);
    return call.commit(
      before === null ? 'endpoint.create' : 'endpoint.update',
      [{ kind: 'destination', before, after }],
      {
        status: before === null ? 201 : 200,
        body: endpointOut(call, after),
      },
    );
  },
});

async function findOrNull(
  call: Pick<Call, 'storage' | 'organization'>,
  applicationId: ApplicationId,
  ref: string,
): Promise<Destination | null> {
  const named = parseRef<'destination'>(ref, 'endpoint');
  const found = await call.storage.catalog.find(call.organization, 'destination', named, applicationId);
  if (found !== null && found.kind !== 'http') {
    throw new Problem('conflict', 'A polling endpoint has this uid: choose another.');
  }
  return found;
}
