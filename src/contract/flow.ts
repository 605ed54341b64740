/** Flows on the wire: whose events go where. */
import Type, { type Static } from 'typebox';
import type { Flow } from '../core/catalog/resources.ts';
import { type DestinationId, renderId, type SourceId } from '../core/ids.ts';
import { IdOut } from './ids.ts';
import { checkMetadata, Metadata } from './metadata.ts';
import { ListResponse } from './page.ts';
import { Instant, Name, Nullable, renderInstant, STRICT } from './shape.ts';
import { checkUid, Uid } from './uid.ts';

const SOURCES_MAX = 1000;
const DESTINATIONS_MAX = 100;

const Reference = Type.String({ minLength: 1, maxLength: 256 });
const SETTINGS = {
  uid: Type.Optional(Nullable(Uid)),
  description: Type.Optional(Type.String({ maxLength: 16_384 })),
  disabled: Type.Optional(Type.Boolean()),
  sources: Type.Optional(
    Nullable(
      Type.Array(Reference, {
        maxItems: SOURCES_MAX,
        description: 'Ids or uids of sources; null = every source.',
      }),
    ),
  ),
  eventTypes: Type.Optional(
    Nullable(
      Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
        maxItems: 1000,
        description: 'Types that pass; `*` at the end stands for the rest. null = every type.',
      }),
    ),
  ),
  when: Type.Optional(
    Nullable(
      Type.String({
        minLength: 1,
        maxLength: 4096,
        description:
          'A CEL expression that must be true, e.g. `body.amount > 100`. One that fails counts as false.',
      }),
    ),
  ),
  destinations: Type.Optional(
    Type.Array(Reference, { maxItems: DESTINATIONS_MAX, description: 'Ids or uids of destinations.' }),
  ),
  metadata: Type.Optional(Metadata),
} as const;

export const FlowIn = Type.Object({ name: Name, ...SETTINGS }, { title: 'FlowIn', ...STRICT });
export const FlowPatch = Type.Object(
  { name: Type.Optional(Name), ...SETTINGS },
  { title: 'FlowPatch', ...STRICT },
);
export type FlowChanges = Partial<Static<typeof FlowIn>>;

export const FlowOut = Type.Object(
  {
    id: IdOut('flow'),
    uid: Nullable(Type.String()),
    name: Name,
    description: Type.String(),
    disabled: Type.Boolean(),
    sources: Nullable(Type.Array(Type.String())),
    eventTypes: Nullable(Type.Array(Type.String())),
    when: Nullable(Type.String()),
    destinations: Type.Array(Type.String()),
    metadata: Metadata,
    createdAt: Instant,
    updatedAt: Instant,
  },
  { title: 'FlowOut' },
);
export const FlowList = ListResponse(FlowOut, 'ListResponse_FlowOut_');

/** What a body names, found by the caller; undefined where it says nothing. */
export interface FlowEnds {
  readonly sourceIds: readonly SourceId[] | null | undefined;
  readonly destinationIds: readonly DestinationId[] | undefined;
}

/** What of a flow a body says; what it leaves out stays. That the expression is one is for the caller. */
export function changedFlow(before: Flow, body: FlowChanges, ends: FlowEnds): Flow {
  return {
    ...before,
    name: body.name ?? before.name,
    uid: body.uid === undefined ? before.uid : checkUid(body.uid, 'flow'),
    description: body.description ?? before.description,
    disabled: body.disabled ?? before.disabled,
    sourceIds: ends.sourceIds === undefined ? before.sourceIds : ends.sourceIds,
    eventTypes: body.eventTypes === undefined ? before.eventTypes : body.eventTypes,
    when: body.when === undefined ? before.when : body.when,
    destinationIds: ends.destinationIds ?? before.destinationIds,
    metadata: body.metadata === undefined ? before.metadata : checkMetadata(body.metadata),
  };
}

export function renderFlow(flow: Flow): Static<typeof FlowOut> {
  return {
    id: renderId(flow.id, 'flow'),
    uid: flow.uid,
    name: flow.name,
    description: flow.description,
    disabled: flow.disabled,
    sources: flow.sourceIds?.map((id) => renderId(id, 'source')) ?? null,
    eventTypes: flow.eventTypes === null ? null : [...flow.eventTypes],
    when: flow.when,
    destinations: flow.destinationIds.map((id) => renderId(id, 'destination')),
    metadata: flow.metadata,
    createdAt: renderInstant(flow.createdAt),
    updatedAt: renderInstant(flow.updatedAt),
  };
}
