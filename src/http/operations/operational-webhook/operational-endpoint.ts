/** What the operations on endpoints of operational webhooks share: they belong to the organization (owner null). */
import { withoutChannels } from '../../../contract/operational-webhook.ts';
import type { Destination } from '../../../core/catalog/resources.ts';
import { OPERATIONAL_EVENT_TYPES } from '../../../core/operational-events.ts';
import { invalid } from '../../../core/problem.ts';
import type { Call } from '../../define-operation.ts';
import { endpointOut } from '../endpoint/sealed-parts.ts';

export const TAG = 'Operational webhook endpoint';
export const READ = {
  role: 'viewer',
  scope: 'organization',
  permission: 'operational-webhook:read',
} as const;
export const WRITE = {
  role: 'editor',
  scope: 'organization',
  permission: 'operational-webhook:write',
} as const;

const KNOWN: ReadonlySet<string> = new Set(OPERATIONAL_EVENT_TYPES);

/** The endpoint that the path names, by id or uid. */
export function findOperationalEndpoint(
  call: Pick<Call, 'engine' | 'organization' | 'params'>,
): Promise<Destination> {
  return call.engine.directory.destination(call.organization, null, call.params.endpoint_id ?? '');
}

export function checkOperationalEventTypes(names: readonly string[] | null | undefined): void {
  const unknown = (names ?? []).filter((name) => !KNOWN.has(name));
  if (unknown.length === 0) return;
  throw invalid(
    ['body', 'eventTypes'],
    `There are no operational events ${JSON.stringify(unknown.slice(0, 5))}: choose of ${OPERATIONAL_EVENT_TYPES.join(', ')}.`,
  );
}

export function operationalOut(call: Pick<Call, 'engine' | 'organization'>, destination: Destination) {
  return withoutChannels(endpointOut(call, destination));
}
