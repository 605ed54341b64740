/** Applications: the user's own customers. */
import Type, { type Static } from 'typebox';
import type { Application } from '../core/catalog/resources.ts';
import { type ApplicationId, renderId } from '../core/ids.ts';
import { IdOut } from './ids.ts';
import { checkMetadata, Metadata } from './metadata.ts';
import { ListResponse } from './page.ts';
import { Instant, Name, Nullable, renderInstant } from './shape.ts';
import { checkUid, Uid } from './uid.ts';

const ThrottleRate = Type.Integer({
  minimum: 1,
  maximum: 65_535,
  description: 'Messages per second to all endpoints of the application together.',
});

export const ApplicationIn = Type.Object(
  {
    name: Name,
    uid: Type.Optional(Nullable(Uid)),
    throttleRate: Type.Optional(Nullable(ThrottleRate)),
    rateLimit: Type.Optional(Nullable(ThrottleRate)),
    metadata: Type.Optional(Metadata),
  },
  { title: 'ApplicationIn', description: '`rateLimit` is the older name of `throttleRate`.' },
);
export type ApplicationIn = Static<typeof ApplicationIn>;

export const ApplicationPatch = Type.Object(
  {
    name: Type.Optional(Name),
    uid: Type.Optional(Nullable(Uid)),
    throttleRate: Type.Optional(Nullable(ThrottleRate)),
    metadata: Type.Optional(Metadata),
  },
  { title: 'ApplicationPatch' },
);
type Patch = Static<typeof ApplicationPatch>;

export const ApplicationOut = Type.Object(
  {
    id: IdOut('application'),
    uid: Nullable(Uid),
    name: Name,
    throttleRate: Nullable(ThrottleRate),
    metadata: Metadata,
    createdAt: Instant,
    updatedAt: Instant,
  },
  { title: 'ApplicationOut' },
);

export const ApplicationList = ListResponse(ApplicationOut, 'ListResponse_ApplicationOut_');

export function newApplication(
  input: ApplicationIn,
  birth: { readonly id: ApplicationId; readonly now: number },
): Application {
  return {
    id: birth.id,
    uid: checkUid(input.uid, 'application'),
    ownerId: null,
    name: input.name,
    throttleRate: input.throttleRate ?? input.rateLimit ?? null,
    metadata: checkMetadata(input.metadata),
    tokensValidFrom: 0,
    createdAt: birth.now,
    updatedAt: birth.now,
    version: 1,
  };
}

/** PUT: what the input leaves out goes back to its default, but not the uid, by which the caller may know it. */
export function replaceApplication(before: Application, input: ApplicationIn): Application {
  return {
    ...before,
    uid: input.uid === undefined ? before.uid : checkUid(input.uid, 'application'),
    name: input.name,
    throttleRate: input.throttleRate ?? input.rateLimit ?? null,
    metadata: checkMetadata(input.metadata),
  };
}

/** PATCH: what the patch leaves out stays. */
export function changeApplication(before: Application, patch: Patch): Application {
  return {
    ...before,
    uid: patch.uid === undefined ? before.uid : checkUid(patch.uid, 'application'),
    name: patch.name ?? before.name,
    throttleRate: patch.throttleRate === undefined ? before.throttleRate : patch.throttleRate,
    metadata: patch.metadata === undefined ? before.metadata : checkMetadata(patch.metadata),
  };
}

export function renderApplication(application: Application): Static<typeof ApplicationOut> {
  return {
    id: renderId(application.id, 'application'),
    uid: application.uid,
    name: application.name,
    throttleRate: application.throttleRate,
    metadata: { ...application.metadata },
    createdAt: renderInstant(application.createdAt),
    updatedAt: renderInstant(application.updatedAt),
  };
}
