/** Reading messages instead of being called: the messages of a polling endpoint, by iterator or by consumer. */
import Type from 'typebox';
import { IdOut } from './ids.ts';
import { LIMIT_MAX } from './page.ts';
import { Instant, Nullable } from './shape.ts';
import { Channel, EventTypeName } from './uid.ts';

/** How long a batch stays with the consumer that read it, unless it says otherwise. */
export const LEASE_MS_DEFAULT = 5 * 60_000;
export const LEASE_MS_MAX = 12 * 3_600_000;

const MESSAGE = {
  id: IdOut('message'),
  eventType: EventTypeName,
  eventId: Nullable(Type.String()),
  payload: Type.Unknown(),
  channels: Nullable(Type.Array(Type.String())),
  tags: Nullable(Type.Array(Type.String())),
  headers: Nullable(Type.Record(Type.String(), Type.String())),
  timestamp: Instant,
  deliverAt: Nullable(Instant),
};

export const PollingEndpointMessageOut = Type.Object(MESSAGE, { title: 'PollingEndpointMessageOut' });

export const PollingEndpointOut = Type.Object(
  {
    data: Type.Array(PollingEndpointMessageOut),
    iterator: Type.String({ description: 'Pass it to the next call, also when nothing was there.' }),
    done: Type.Boolean({ description: 'True when nothing follows for now.' }),
  },
  { title: 'PollingEndpointOut' },
);

const Iterator = Type.String({ maxLength: 64, description: '`iterator` of an earlier answer.' });
const Limit = Type.Integer({
  minimum: 1,
  maximum: LIMIT_MAX,
  description: 'Messages at most: 50 unless said.',
});

export const PollQuery = Type.Object({
  limit: Type.Optional(Limit),
  iterator: Type.Optional(Iterator),
  event_type: Type.Optional(EventTypeName),
  channel: Type.Optional(Channel),
  after: Type.Optional(
    Type.String({ description: 'Without an iterator: start with messages accepted from this instant on.' }),
  ),
});

export const ConsumerPollQuery = Type.Object({
  limit: Type.Optional(Limit),
  iterator: Type.Optional(Iterator),
});

export const ConsumerSeekIn = Type.Object(
  { after: Type.String({ description: 'Read on from messages accepted from this instant on.' }) },
  { title: 'PollingEndpointConsumerSeekIn' },
);
export const ConsumerSeekOut = Type.Object(
  { iterator: Type.String() },
  { title: 'PollingEndpointConsumerSeekOut' },
);

export const LeasedPollQuery = Type.Object({
  limit: Type.Optional(Limit),
  lease_duration_ms: Type.Optional(
    Type.Integer({ minimum: 1, maximum: LEASE_MS_MAX, description: 'Five minutes unless said.' }),
  ),
  starting_position: Type.Optional(
    Type.Union([Type.Literal('earliest'), Type.Literal('latest')], {
      description: 'Where a consumer begins that has not committed anything: `earliest` unless said.',
    }),
  ),
});

export const PollerV2MessageOut = Type.Object(
  { offset: Type.Integer(), ...MESSAGE },
  { title: 'PollerV2MessageOut' },
);

export const PollerV2PollOut = Type.Object(
  { data: Type.Array(PollerV2MessageOut), done: Type.Boolean() },
  { title: 'PollerV2PollOut' },
);

export const PollerV2CommitIn = Type.Object(
  { offset: Type.Integer({ minimum: 0, description: 'Of the last message that was handled.' }) },
  { title: 'PollerV2CommitIn' },
);
