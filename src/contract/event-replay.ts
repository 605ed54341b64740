/** Delivering received events again: one at once, or many by a background task. */
import Type from 'typebox';
import { EventFilterIn } from './event-filter.ts';
import { IdOut } from './ids.ts';
import { Nullable, STRICT } from './shape.ts';

const RATE_MAX = 1000;
const EVENTS_MAX = 10_000_000;

const Destination = Type.Optional(
  Nullable(
    Type.String({
      maxLength: 256,
      description:
        'Id or uid: only there, whatever the flows say. Without it, along the flows as they are now.',
    }),
  ),
);

export const EventReplayIn = Type.Object({ destination: Destination }, { title: 'EventReplayIn', ...STRICT });
export const EventReplayOut = Type.Object(
  {
    event: IdOut('event'),
    destinations: Type.Array(Type.String(), {
      description: 'Where it is queued now; none when no flow takes it.',
    }),
  },
  { title: 'EventReplayOut' },
);

export const EventBulkReplayIn = Type.Object(
  {
    filter: Type.Optional(Nullable(EventFilterIn)),
    since: Type.String({ format: 'date-time', description: 'RFC 3339.' }),
    until: Type.Optional(Nullable(Type.String({ format: 'date-time', description: 'Now unless said.' }))),
    destination: Destination,
    ratePerSecond: Type.Optional(
      Nullable(
        Type.Number({ minimum: 0.1, maximum: RATE_MAX, description: 'Events per second; 50 unless said.' }),
      ),
    ),
    limit: Type.Optional(
      Nullable(Type.Integer({ minimum: 1, maximum: EVENTS_MAX, description: 'Events in all.' })),
    ),
  },
  { title: 'EventBulkReplayIn', ...STRICT },
);
