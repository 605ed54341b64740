/**
 * Endpoints on the wire. PUT replaces the members of the compatible API (absent = default) and keeps the members of
 * `endpoint-settings.ts`, which its clients do not know, unless they are given; PATCH keeps whatever is absent.
 */
import Type, { type Static } from 'typebox';
import type { ClientTls, Destination, DestinationAuth } from '../core/catalog/resources.ts';
import { ENDPOINT_CHANNELS_MAX, URL_CHARS_MAX, urlFault } from '../core/event/limits.ts';
import { renderId } from '../core/ids.ts';
import { invalid } from '../core/problem.ts';
import { HeaderValues } from './custom-headers.ts';
import { KeyTypes } from './endpoint-secret.ts';
import { ENDPOINT_SETTINGS, renderAuth, renderTls } from './endpoint-settings.ts';
import { IdOut } from './ids.ts';
import { Metadata } from './metadata.ts';
import { ListResponse } from './page.ts';
import { renderRetrySchedule } from './retry-schedule.ts';
import { Instant, Nullable } from './shape.ts';
import { Channel, EventTypeName, Uid } from './uid.ts';

const ENDPOINT_EVENT_TYPES_MAX = 1000;
const DESCRIPTION_CHARS_MAX = 16_384;

const Url = Type.String({
  minLength: 1,
  maxLength: URL_CHARS_MAX,
  description: 'Where deliveries go: http:// or https://.',
});
const Rate = Type.Integer({
  minimum: 1,
  maximum: 65_535,
  description: 'Deliveries per second at most; null = no limit.',
});
const EventTypes = Type.Array(EventTypeName, {
  minItems: 1,
  maxItems: ENDPOINT_EVENT_TYPES_MAX,
  uniqueItems: true,
  description: 'Event types this endpoint listens to; leave out for all.',
});
const Channels = Type.Array(Channel, {
  minItems: 1,
  maxItems: ENDPOINT_CHANNELS_MAX,
  uniqueItems: true,
  description: 'Channels this endpoint listens to; leave out for all.',
});

const OPTIONAL = {
  description: Type.Optional(Type.String({ maxLength: DESCRIPTION_CHARS_MAX })),
  uid: Type.Optional(Nullable(Uid)),
  disabled: Type.Optional(Type.Boolean()),
  throttleRate: Type.Optional(Nullable(Rate)),
  /** Names of older clients. */
  rateLimit: Type.Optional(Nullable(Rate)),
  eventTypes: Type.Optional(Nullable(EventTypes)),
  filterTypes: Type.Optional(Nullable(EventTypes)),
  channels: Type.Optional(Nullable(Channels)),
  metadata: Type.Optional(Metadata),
  ...ENDPOINT_SETTINGS,
} as const;

export const EndpointIn = Type.Object(
  {
    url: Url,
    ...OPTIONAL,
    secret: Type.Optional(
      Nullable(
        Type.String({
          minLength: 1,
          maxLength: 512,
          description:
            'Signing key: `whsec_` and the base64 of 24 to 75 bytes, or `whsk_…` (Ed25519). One of each, separated by a space, sign side by side. Leave out to have it made (recommended).',
        }),
      ),
    ),
    signatureTypes: Type.Optional(KeyTypes),
    headers: Type.Optional(Nullable(HeaderValues)),
  },
  { title: 'EndpointIn' },
);
export const EndpointUpdate = Type.Object({ url: Url, ...OPTIONAL }, { title: 'EndpointUpdate' });
export const EndpointPatch = Type.Object(
  { url: Type.Optional(Url), ...OPTIONAL },
  { title: 'EndpointPatch' },
);

/** Whatever of the three was given; `url` is there where its shape demands it. */
export type EndpointChanges = Partial<Static<typeof EndpointIn>>;

export const ENDPOINT_OUT = {
  id: IdOut('endpoint'),
  uid: Nullable(Type.String()),
  url: Type.String(),
  description: Type.String(),
  throttleRate: Nullable(Type.Integer()),
  disabled: Type.Boolean(),
  disabledReason: Nullable(
    Type.String({ description: 'Why it is disabled: by hand, 410 Gone, failing for too long.' }),
  ),
  eventTypes: Nullable(Type.Array(Type.String())),
  channels: Nullable(Type.Array(Type.String())),
  metadata: Type.Record(Type.String(), Type.String()),
  retrySchedule: Nullable(Type.Array(Type.Number({ description: 'Seconds.' }))),
  timeoutSeconds: Nullable(Type.Number()),
  concurrency: Nullable(Type.Integer()),
  ordering: Type.Object({ scope: Type.String(), onFailure: Type.String() }),
  method: Nullable(Type.String()),
  auth: Nullable(Type.Unknown({ description: 'Type and names; secrets are masked.' })),
  tls: Nullable(Type.Unknown({ description: 'Which texts are set; all are masked.' })),
  http2: Type.Boolean(),
  createdAt: Instant,
  updatedAt: Instant,
} as const;
export const EndpointOut = Type.Object(ENDPOINT_OUT, { title: 'EndpointOut' });
export const EndpointList = ListResponse(EndpointOut, 'ListResponse_EndpointOut_');

export const EndpointStats = Type.Object(
  {
    success: Type.Integer(),
    pending: Type.Integer(),
    sending: Type.Integer(),
    fail: Type.Integer(),
    canceled: Type.Integer(),
  },
  {
    title: 'EndpointStats',
    description: 'Messages by what became of them at this endpoint; each counts once.',
  },
);

/** Refuses a URL that no delivery could go to. */
export function checkEndpointUrl(url: string, options: { readonly httpsOnly: boolean }): string {
  const fault = urlFault(url, options);
  if (fault !== null) throw invalid(['body', 'url'], fault);
  return url;
}

/** The older names of two members. */
export function withoutAliases(given: EndpointChanges): EndpointChanges {
  const { rateLimit, filterTypes, ...changes } = given;
  if (changes.throttleRate === undefined && rateLimit !== undefined) changes.throttleRate = rateLimit;
  if (changes.eventTypes === undefined && filterTypes !== undefined) changes.eventTypes = filterTypes;
  return changes;
}

/** `opened`: what was sealed in the document, opened by the caller; only masked parts of it are shown. */
export function renderEndpoint(
  destination: Destination,
  opened: { readonly auth: DestinationAuth | null; readonly tls: ClientTls | null },
): Static<typeof EndpointOut> {
  const { retryScheduleMs, timeoutMs } = destination;
  return {
    id: renderId(destination.id, 'endpoint'),
    uid: destination.uid,
    url: destination.url,
    description: destination.description,
    throttleRate: destination.throttleRate,
    disabled: destination.disabled,
    disabledReason: destination.disabledReason,
    eventTypes: destination.eventTypes === null ? null : [...destination.eventTypes],
    channels: destination.channels === null ? null : [...destination.channels],
    metadata: destination.metadata,
    retrySchedule: retryScheduleMs === null ? null : renderRetrySchedule(retryScheduleMs),
    timeoutSeconds: timeoutMs === null ? null : timeoutMs / 1000,
    concurrency: destination.concurrency,
    ordering: destination.ordering,
    method: destination.method,
    auth: opened.auth === null ? null : renderAuth(opened.auth),
    tls: opened.tls === null ? null : renderTls(opened.tls),
    http2: destination.allowHttp2,
    createdAt: new Date(destination.createdAt).toISOString(),
    updatedAt: new Date(destination.updatedAt).toISOString(),
  };
}
