/** Messages on the wire. */
import Type, { type Static } from 'typebox';
import type { DeliveryStatus } from '../core/delivery/delivery.ts';
import type { Event } from '../core/event/event.ts';
import {
  CONTENT_TYPE_CHARS_MAX,
  MESSAGE_CHANNELS_MAX,
  MESSAGE_TAGS_MAX,
  METHODS,
  NAME_PATTERN,
  ORDERING_KEY_CHARS_MAX,
  TAG_CHARS_MAX,
} from '../core/event/limits.ts';
import { renderId } from '../core/ids.ts';
import { MessageStatus, MessageStatusText, renderStatus } from './delivery-status.ts';
import { IdOut } from './ids.ts';
import { Metadata } from './metadata.ts';
import { ListResponse } from './page.ts';
import { RetrySchedule } from './retry-schedule.ts';
import { Instant, Nullable, renderInstant } from './shape.ts';
import { Channel, EventTypeName, Uid } from './uid.ts';

const BULK_EXPUNGE_IDS_MAX = 100;

const Channels = Type.Array(Channel, { minItems: 1, maxItems: MESSAGE_CHANNELS_MAX, uniqueItems: true });

const Tags = Type.Array(
  Type.String({ minLength: 1, maxLength: TAG_CHARS_MAX, pattern: NAME_PATTERN.source }),
  { maxItems: MESSAGE_TAGS_MAX, description: 'For finding messages again.' },
);

/** Documents what `core/event/publish.ts` reads from the raw body. */
export const MessageIn = Type.Object(
  {
    eventType: EventTypeName,
    payload: Type.Unknown({
      description: 'A JSON object: exactly these bytes are sent. `data` is another name for it.',
    }),
    eventId: Type.Optional(Nullable(Uid)),
    channels: Type.Optional(Nullable(Channels)),
    tags: Type.Optional(Nullable(Tags)),
    deliverAt: Type.Optional(
      Nullable(
        Type.String({
          format: 'date-time',
          description: 'Not sent before this instant, at most 24 hours ahead. One that has passed means now.',
        }),
      ),
    ),
    payloadRetentionPeriod: Type.Optional(
      Nullable(Type.Integer({ minimum: 5, maximum: 90, description: 'Days.' })),
    ),
    payloadRetentionHours: Type.Optional(Nullable(Type.Integer({ description: 'Hours; instead of days.' }))),
    transformationsParams: Type.Optional(
      Nullable(
        Type.Object({
          rawPayload: Type.Optional(
            Nullable(Type.String({ description: 'Sent instead of the payload, as it is.' })),
          ),
          headers: Type.Optional(Nullable(Type.Record(Type.String(), Type.String()))),
        }),
      ),
    ),
    orderingKey: Type.Optional(
      Nullable(
        Type.String({
          maxLength: ORDERING_KEY_CHARS_MAX,
          description: 'For endpoints that keep order per key.',
        }),
      ),
    ),
    method: Type.Optional(
      Nullable(
        Type.Union(
          METHODS.map((method) => Type.Literal(method)),
          { description: 'Of the deliveries, unless the endpoint has a method; POST unless said.' },
        ),
      ),
    ),
    contentType: Type.Optional(
      Nullable(
        Type.String({
          maxLength: CONTENT_TYPE_CHARS_MAX,
          description: 'Of the deliveries; application/json unless said.',
        }),
      ),
    ),
    retrySchedule: Type.Optional(Nullable(RetrySchedule)),
    application: Type.Optional(
      Nullable(
        Type.Object(
          {
            name: Type.String(),
            uid: Type.Optional(Nullable(Uid)),
            throttleRate: Type.Optional(Nullable(Type.Integer())),
            metadata: Type.Optional(Metadata),
          },
          { description: 'Made first when the path’s application does not exist; its uid is the path’s.' },
        ),
      ),
    ),
  },
  { title: 'MessageIn' },
);

const MESSAGE_OUT = {
  id: IdOut('message'),
  eventType: Type.String(),
  payload: Type.Unknown({
    description:
      'The payload; `{}` without contents, `{"expired":true}` when it is gone. Text that is no JSON is a string, other bytes are `{"encoding":"base64","data":…}`.',
  }),
  timestamp: Instant,
  eventId: Nullable(Type.String()),
  channels: Nullable(Type.Array(Type.String())),
  tags: Nullable(Type.Array(Type.String())),
  deliverAt: Nullable(Instant),
} as const;
export const MessageOut = Type.Object(MESSAGE_OUT, { title: 'MessageOut' });
export const MessageList = ListResponse(MessageOut, 'ListResponse_MessageOut_');

const EndpointMessageOut = Type.Object(
  { ...MESSAGE_OUT, status: MessageStatus, statusText: MessageStatusText, nextAttempt: Nullable(Instant) },
  { title: 'EndpointMessageOut' },
);
export const EndpointMessageList = ListResponse(EndpointMessageOut, 'ListResponse_EndpointMessageOut_');

export const MessagePrecheckIn = Type.Object(
  { eventType: EventTypeName, channels: Type.Optional(Nullable(Channels)) },
  { title: 'MessagePrecheckIn' },
);
export const MessagePrecheckOut = Type.Object(
  { active: Type.Boolean({ description: 'Would any endpoint that is not disabled get such a message?' }) },
  { title: 'MessagePrecheckOut' },
);

export const BulkExpungeContentsIn = Type.Object(
  {
    ids: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
        maxItems: BULK_EXPUNGE_IDS_MAX,
        description: 'Message ids or event ids.',
      }),
    ),
  },
  { title: 'BulkExpungeContentsIn' },
);
const BulkExpungeStatus = Type.Union([Type.Literal('expunged'), Type.Literal('not-found')]);
export const BulkExpungeContentsOut = Type.Object(
  { results: Type.Record(Type.String(), BulkExpungeStatus) },
  { title: 'BulkExpungeContentsOut' },
);
export type BulkExpungeResults = Record<string, Static<typeof BulkExpungeStatus>>;

/** A message as JSON text; `payload` is JSON text too (payload.ts). `more` are members that follow. */
export function messageText(
  event: Event,
  payload: string,
  more: Readonly<Record<string, unknown>> = {},
): string {
  const rest = {
    timestamp: renderInstant(event.acceptedAt),
    eventId: event.eventId,
    channels: event.channels,
    tags: event.tags,
    deliverAt: event.deliverAt === 0 ? null : renderInstant(event.deliverAt),
    ...more,
  };
  return `{"id":"${renderId(event.id, 'message')}","eventType":${JSON.stringify(event.type)},"payload":${payload},${JSON.stringify(rest).slice(1)}`;
}

/** What a list of an endpoint's messages says of each beside the message itself. */
export function renderDeliveryState(
  state: { readonly status: DeliveryStatus; readonly nextAttemptAt: number | null },
  options: { readonly expanded: boolean },
) {
  const nextAttempt = state.nextAttemptAt === null ? null : renderInstant(state.nextAttemptAt);
  return { ...renderStatus(state.status, options), nextAttempt };
}

/** A list answer whose items are JSON texts. */
export function listText(list: {
  readonly data: readonly string[];
  readonly iterator: string | null;
  readonly prevIterator: string | null;
  readonly done: boolean;
}): string {
  const { data, ...rest } = list;
  return `{"data":[${data.join(',')}],${JSON.stringify(rest).slice(1)}`;
}
