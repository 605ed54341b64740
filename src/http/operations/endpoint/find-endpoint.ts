import type { Destination } from '../../../core/catalog/resources.ts';
import type { ApplicationId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import type { LoadedApplication } from '../../../engine/engine.ts';
import type { EventScope } from '../../../ports/history.ts';
import type { Call } from '../../define-operation.ts';

type Place = Pick<Call, 'engine' | 'organization' | 'params'>;

export interface FoundApplication {
  readonly loaded: LoadedApplication;
  readonly id: ApplicationId;
  /** Where its events are. */
  readonly scope: EventScope;
}

/** The application that the path names. */
export async function findApplication(call: Place): Promise<FoundApplication> {
  const loaded = await call.engine.directory.application(call.organization, call.params.app_id ?? '');
  const id = loaded.application.id as ApplicationId;
  return { loaded, id, scope: { organization: call.organization, applicationId: id } };
}

/** The endpoint that the path names, and its application. */
export async function findEndpoint(
  call: Place,
): Promise<FoundApplication & { readonly destination: Destination }> {
  const application = await findApplication(call);
  const destination = await findDestination(call, application.id, call.params.endpoint_id ?? '');
  return { ...application, destination };
}

/** An endpoint of the application by id or uid. */
export async function findDestination(
  call: Place,
  applicationId: ApplicationId,
  ref: string,
): Promise<Destination> {
  const destination = await call.engine.directory.destination(call.organization, applicationId, ref);
  if (destination.kind !== 'http') {
    throw new Problem(
      'not_found',
      'This names a polling endpoint: use the routes of polling endpoints for it.',
    );
  }
  return destination;
}

/** Nothing is sent to an endpoint that is disabled: better said now than by a task that fails. */
export function refuseDisabled(destination: Destination): void {
  if (!destination.disabled) return;
  throw new Problem('generic_error', 'This endpoint is disabled: enable it before sending to it.');
}
