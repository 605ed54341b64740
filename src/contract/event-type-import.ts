/** Event types out of an OpenAPI document. */
import Type, { type Static } from 'typebox';
import type { EventType } from '../core/catalog/resources.ts';
import { Nullable } from './shape.ts';
import { EventTypeName, FeatureFlag } from './uid.ts';

export const EventTypeImportOpenApiIn = Type.Object(
  {
    dryRun: Type.Optional(Type.Boolean({ description: 'Only say what would change.' })),
    replaceAll: Type.Optional(
      Type.Boolean({ description: 'Archive the event types that the document does not have.' }),
    ),
    spec: Type.Optional(
      Nullable(Type.Unknown({ description: 'The document as JSON. Give this or `specRaw`.' })),
    ),
    specRaw: Type.Optional(Nullable(Type.String({ description: 'The document as text, YAML or JSON.' }))),
  },
  { title: 'EventTypeImportOpenApiIn' },
);

export const EventTypeFromOpenApi = Type.Object(
  {
    name: EventTypeName,
    description: Type.String(),
    deprecated: Type.Boolean(),
    archived: Type.Boolean({ description: 'True for those that `replaceAll` archives.' }),
    schemas: Nullable(Type.Unknown()),
    groupName: Nullable(Type.String()),
    featureFlags: Nullable(Type.Array(FeatureFlag)),
  },
  { title: 'EventTypeFromOpenApi' },
);

export const EventTypeImportOpenApiOut = Type.Object(
  {
    data: Type.Object({
      modified: Type.Array(EventTypeName, { description: 'What was created, changed or archived.' }),
      to_modify: Nullable(Type.Array(EventTypeFromOpenApi, { description: 'What a dry run would change.' })),
    }),
  },
  { title: 'EventTypeImportOpenApiOut' },
);

export function renderImported(type: EventType): Static<typeof EventTypeFromOpenApi> {
  return {
    name: type.uid,
    description: type.description,
    deprecated: type.deprecated,
    archived: type.archived,
    schemas: type.schemas ?? null,
    groupName: type.groupName,
    featureFlags: type.featureFlags.length === 0 ? null : [...type.featureFlags],
  };
}
