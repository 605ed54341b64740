/** Applications and endpoints as an export has them: everything that a caller set, except what is secret. */
import type { Static } from 'typebox';
import {
  APPLICATIONS_MAX,
  ENDPOINTS_MAX,
  type PortableApplication,
  type PortableEndpoint,
  type SECRET_PARTS,
} from '../../../contract/environment.ts';
import type { Application, Destination } from '../../../core/catalog/resources.ts';
import { type ApplicationId, renderId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import type { Call } from '../../define-operation.ts';
import { endpointOut } from '../endpoint/sealed-parts.ts';

type Reader = Pick<Call, 'storage' | 'organization' | 'engine'>;

export async function readPortableApplications(call: Reader): Promise<Static<typeof PortableApplication>[]> {
  const applications = await call.storage.catalog.list(call.organization, 'application', {
    ...FIRST,
    limit: APPLICATIONS_MAX + 1,
  });
  if (applications.length > APPLICATIONS_MAX) throw tooMany('applications', APPLICATIONS_MAX);
  const portable: Static<typeof PortableApplication>[] = [];
  let count = 0;
  for (const application of applications) {
    const endpoints = await readEndpoints(call, application.id as ApplicationId);
    count += endpoints.length;
    if (count > ENDPOINTS_MAX) throw tooMany('endpoints', ENDPOINTS_MAX);
    portable.push(portableApplication(call, application, endpoints));
  }
  return portable;
}

const FIRST = { orderBy: 'id', direction: 'ascending', after: null } as const;

function readEndpoints(call: Reader, owner: ApplicationId): Promise<readonly Destination[]> {
  return call.storage.catalog.list(call.organization, 'destination', {
    ...FIRST,
    owner,
    limit: ENDPOINTS_MAX + 1,
    where: { kind: 'http' },
  });
}

function tooMany(what: string, max: number): Problem {
  return new Problem(
    'limit_reached',
    `There are more than ${max} ${what}: export without include_applications.`,
  );
}

function portableApplication(call: Reader, application: Application, endpoints: readonly Destination[]) {
  return {
    id: renderId(application.id, 'application'),
    uid: application.uid,
    name: application.name,
    throttleRate: application.throttleRate,
    metadata: { ...application.metadata },
    endpoints: endpoints.map((endpoint) => portableEndpoint(call, endpoint)),
  };
}

function portableEndpoint(call: Reader, destination: Destination): Static<typeof PortableEndpoint> {
  const { disabledReason, auth, tls, createdAt, updatedAt, ...portable } = endpointOut(call, destination);
  const { transformation } = destination;
  return {
    ...(portable as Static<typeof PortableEndpoint>),
    transformation:
      transformation === null ? null : { code: transformation.code, enabled: transformation.enabled },
    secretParts: secretParts(destination),
  };
}

function secretParts(destination: Destination): (typeof SECRET_PARTS)[number][] {
  const parts: (typeof SECRET_PARTS)[number][] = ['secret'];
  if (destination.headers !== null) parts.push('headers');
  if (destination.auth !== null) parts.push('auth');
  if (destination.tls !== null) parts.push('tls');
  if (Object.keys(destination.transformation?.variables ?? {}).length > 0)
    parts.push('transformationVariables');
  return parts;
}
