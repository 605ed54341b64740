/**
 * An organization's configuration as one JSON document, to be kept or taken to another server. What the compatible
 * wire has no member for travels in `settings`, which every client passes on untouched. No secret is in it.
 */
import Type from 'typebox';
import { ApplicationIn } from './application.ts';
import { EndpointUpdate } from './endpoint.ts';
import { EventTypeIn, EventTypeOut } from './event-type.ts';
import { RetrySchedule } from './retry-schedule.ts';
import { Instant, Nullable } from './shape.ts';
import { CODE_CHARS_MAX } from './transformation.ts';
import { Channel, EventTypeName } from './uid.ts';

export const ENVIRONMENT_VERSION = 1;
/** In one export or import. */
export const EVENT_TYPES_MAX = 10_000;
export const APPLICATIONS_MAX = 1000;
export const ENDPOINTS_MAX = 5000;

/** Parts of an endpoint that are secret, or may hold secrets. */
export const SECRET_PARTS = ['secret', 'headers', 'auth', 'tls', 'transformationVariables'] as const;

const {
  auth: _auth,
  tls: _tls,
  filterTypes: _types,
  rateLimit: _rate,
  ...endpoint
} = EndpointUpdate.properties;
export const PortableEndpoint = Type.Object(
  {
    id: Type.Optional(Type.String()),
    ...endpoint,
    channels: Type.Optional(Nullable(Type.Array(Channel, { maxItems: 10 }))),
    transformation: Type.Optional(
      Nullable(Type.Object({ code: Type.String({ maxLength: CODE_CHARS_MAX }), enabled: Type.Boolean() })),
    ),
    secretParts: Type.Optional(
      Type.Array(Type.String(), {
        description: `What it has that is not in the export: ${SECRET_PARTS.join(', ')}.`,
      }),
    ),
  },
  { title: 'PortableEndpoint' },
);

const { rateLimit: _limit, ...application } = ApplicationIn.properties;
export const PortableApplication = Type.Object(
  {
    id: Type.Optional(Type.String({ description: 'Names it when it has no uid.' })),
    ...application,
    endpoints: Type.Optional(Type.Array(PortableEndpoint, { maxItems: ENDPOINTS_MAX })),
  },
  { title: 'PortableApplication' },
);

export const EnvironmentSettings = Type.Object(
  {
    eventTypeRetrySchedules: Type.Optional(
      Type.Record(EventTypeName, RetrySchedule, { description: 'Of those event types that have their own.' }),
    ),
    applications: Type.Optional(Type.Array(PortableApplication, { maxItems: APPLICATIONS_MAX })),
  },
  { title: 'EnvironmentSettings' },
);

export const EnvironmentOut = Type.Object(
  {
    version: Type.Integer(),
    createdAt: Instant,
    eventTypes: Type.Array(EventTypeOut),
    settings: Nullable(EnvironmentSettings),
    connectors: Type.Array(Type.Unknown(), { description: 'Always empty: there are none.' }),
  },
  { title: 'EnvironmentOut' },
);

export const EnvironmentIn = Type.Object(
  {
    eventTypes: Type.Optional(Nullable(Type.Array(EventTypeIn, { maxItems: EVENT_TYPES_MAX }))),
    settings: Type.Optional(Nullable(EnvironmentSettings)),
    connectors: Type.Optional(Nullable(Type.Array(Type.Unknown()))),
  },
  { title: 'EnvironmentIn' },
);

export const ExportQuery = Type.Object({
  include_applications: Type.Optional(
    Type.Boolean({ description: 'Also applications and their endpoints, without secrets.' }),
  ),
});
