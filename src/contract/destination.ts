/**
 * Destinations that are read instead of called: polling endpoints. (URLs that are called are endpoints, with routes of
 * their own.) The wire's other kinds of destination, queues and warehouses, are refused by name.
 */
import Type, { type Static } from 'typebox';
import type { Destination } from '../core/catalog/resources.ts';
import { renderPosition } from '../core/event/poll-position.ts';
import { renderId } from '../core/ids.ts';
import { IdOut } from './ids.ts';
import { Metadata } from './metadata.ts';
import { ListResponse } from './page.ts';
import { Instant, Nullable, renderInstant } from './shape.ts';
import { Channel, EventTypeName, Uid } from './uid.ts';

export const DESTINATION_EVENT_TYPES_MAX = 1000;
export const DESTINATION_CHANNELS_MAX = 10;

const StatusIn = Type.Union([Type.Literal('enabled'), Type.Literal('disabled')]);
const EventTypes = Type.Array(EventTypeName, {
  maxItems: DESTINATION_EVENT_TYPES_MAX,
  description: 'Only messages of these types; an empty list means all.',
});
const Channels = Type.Array(Channel, {
  maxItems: DESTINATION_CHANNELS_MAX,
  description: 'Only messages sent to one of these channels; an empty list means all.',
});
const Batching = Type.Integer({
  minimum: 0,
  description: 'Accepted and ignored: a poll says how many it wants.',
});
const Config = Type.Object({}, { description: 'Empty for a polling endpoint.' });

export const DestinationIn = Type.Object(
  {
    type: Type.String({ description: '`pollingEndpoint`.' }),
    config: Type.Optional(Config),
    uid: Type.Optional(Nullable(Uid)),
    status: Type.Optional(StatusIn),
    batchSize: Type.Optional(Batching),
    maxWaitSecs: Type.Optional(Batching),
    eventTypes: Type.Optional(Nullable(EventTypes)),
    channels: Type.Optional(Nullable(Channels)),
    metadata: Type.Optional(Metadata),
  },
  { title: 'DestinationIn' },
);

export const DestinationPatch = Type.Object(
  {
    type: Type.Optional(Type.String({ description: '`pollingEndpoint`; it cannot change.' })),
    config: Type.Optional(Config),
    uid: Type.Optional(Nullable(Uid)),
    status: Type.Optional(Nullable(StatusIn)),
    batchSize: Type.Optional(Nullable(Batching)),
    maxWaitSecs: Type.Optional(Nullable(Batching)),
    eventTypes: Type.Optional(Nullable(EventTypes)),
    channels: Type.Optional(Nullable(Channels)),
    metadata: Type.Optional(Metadata),
  },
  { title: 'DestinationPatch' },
);

export const DestinationOut = Type.Object(
  {
    id: IdOut('poller'),
    uid: Nullable(Uid),
    type: Type.Literal('pollingEndpoint'),
    config: Config,
    status: StatusIn,
    currentIterator: Type.String({ description: 'Where a first poll begins.' }),
    failureReason: Nullable(Type.String()),
    nextRetryAt: Nullable(Instant),
    batchSize: Type.Integer(),
    maxWaitSecs: Type.Integer(),
    eventTypes: EventTypes,
    channels: Channels,
    metadata: Metadata,
    createdAt: Instant,
    updatedAt: Instant,
  },
  { title: 'DestinationOut' },
);

export const DestinationListOut = ListResponse(DestinationOut, 'ListResponseDestinationOut');

/** `startSeq`: the seq before the first message that a poll without an iterator returns. */
export function renderPollingDestination(
  destination: Destination,
  startSeq: number,
): Static<typeof DestinationOut> {
  return {
    id: renderId(destination.id, 'poller'),
    uid: destination.uid,
    type: 'pollingEndpoint',
    config: {},
    status: destination.disabled ? 'disabled' : 'enabled',
    currentIterator: renderPosition(startSeq),
    failureReason: destination.disabled ? destination.disabledReason : null,
    nextRetryAt: null,
    batchSize: 0,
    maxWaitSecs: 0,
    eventTypes: [...(destination.eventTypes ?? [])],
    channels: [...(destination.channels ?? [])],
    metadata: { ...destination.metadata },
    createdAt: renderInstant(destination.createdAt),
    updatedAt: renderInstant(destination.updatedAt),
  };
}
