/** Deliveries of received events on the wire: which event went to which destination, and what became of it. */
import Type, { type Static } from 'typebox';
import type { Attempt, DeliveryStatus } from '../core/delivery/delivery.ts';
import { STATE_NAMES, type StateName } from '../core/delivery/state-name.ts';
import { type DestinationId, type EventId, isId, parseId, renderId } from '../core/ids.ts';
import { invalid } from '../core/problem.ts';
import { responseText } from './attempt.ts';
import { IdOut } from './ids.ts';
import { ListResponse, PAGE_QUERY } from './page.ts';
import { Instant, Nullable, renderInstant } from './shape.ts';

/** Of an answer, so that a story of many attempts stays readable. */
const RESPONSE_START_CHARS = 2000;

const State = Type.Union(
  [
    Type.Literal('queued'),
    Type.Literal('waiting'),
    Type.Literal('delivered'),
    Type.Literal('failed'),
    Type.Literal('canceled'),
  ],
  { description: '`waiting`: it failed so far, and is tried again. `failed`: it is not tried again.' },
);

const DELIVERY_OUT = {
  event: IdOut('event'),
  destination: IdOut('destination'),
  state: State,
  nextAttemptAt: Nullable(Instant),
} as const;

const LAST_ATTEMPT = {
  id: IdOut('attempt'),
  startedAt: Instant,
  trigger: Type.Union([Type.Literal('scheduled'), Type.Literal('manual')]),
  url: Type.String(),
  outcome: Type.String({
    description:
      'answered, oversized, timed-out, unreachable, tls-failed, blocked, unrenderable, or canceled.',
  }),
  statusCode: Nullable(Type.Integer({ description: 'null = there was no answer.' })),
  durationMs: Type.Integer(),
} as const;

export const EventAttemptOut = Type.Object(
  {
    ...LAST_ATTEMPT,
    responseStart: Type.String({
      description: 'The answer’s beginning; without an answer, a sentence that says why.',
    }),
  },
  { title: 'EventAttemptOut' },
);

export const DeliveryOut = Type.Object(
  {
    ...DELIVERY_OUT,
    attempts: Type.Integer({ description: 'Tries so far.' }),
    lastAttempt: Nullable(
      Type.Object(LAST_ATTEMPT, { description: 'The one that decides; null = there was none.' }),
    ),
    eventType: Type.String(),
    source: IdOut('source'),
    receivedAt: Instant,
  },
  { title: 'DeliveryOut' },
);
export const DeliveryList = ListResponse(DeliveryOut, 'ListResponse_DeliveryOut_');

/** A delivery in the story of its event. */
export const EventDeliveryOut = Type.Object(
  {
    ...DELIVERY_OUT,
    destinationName: Nullable(
      Type.String({ description: 'Its description, or its uid; null = it was removed.' }),
    ),
    attempts: Type.Array(EventAttemptOut, { description: 'Oldest first.' }),
    attemptsTruncated: Type.Boolean({ description: 'There are more attempts than are shown.' }),
  },
  { title: 'EventDeliveryOut' },
);

export const DELIVERY_QUERY = {
  ...PAGE_QUERY,
  destination: Type.Optional(Type.String({ maxLength: 256, description: 'Id or uid of a destination.' })),
  event: Type.Optional(Type.String({ maxLength: 256, description: 'Id of an event.' })),
  status: Type.Optional(Type.Array(State)),
  since: Type.Optional(Type.String({ format: 'date-time', description: 'RFC 3339.' })),
  until: Type.Optional(Type.String({ format: 'date-time', description: 'RFC 3339; exclusive.' })),
} as const;

export function parseStates(names: readonly StateName[]): readonly DeliveryStatus[] {
  const statuses = Object.keys(STATE_NAMES) as DeliveryStatus[];
  return statuses.filter((status) => names.includes(STATE_NAMES[status]));
}

export function renderDelivery(
  eventId: EventId,
  state: {
    readonly destinationId: DestinationId;
    readonly status: DeliveryStatus;
    readonly nextAttemptAt: number | null;
  },
) {
  return {
    event: renderId(eventId, 'event'),
    destination: renderId(state.destinationId, 'destination'),
    state: STATE_NAMES[state.status],
    nextAttemptAt: state.nextAttemptAt === null ? null : renderInstant(state.nextAttemptAt),
  };
}

export function renderLastAttempt(attempt: Omit<Attempt, 'response'>) {
  return {
    id: renderId(attempt.id, 'attempt'),
    startedAt: renderInstant(attempt.startedAt),
    trigger: attempt.trigger,
    url: attempt.url,
    outcome: attempt.outcome,
    statusCode: attempt.statusCode === 0 ? null : attempt.statusCode,
    durationMs: Math.round(attempt.durationMs),
  };
}

export function renderEventAttempt(attempt: Attempt): Static<typeof EventAttemptOut> {
  return {
    ...renderLastAttempt(attempt),
    responseStart: responseText(attempt.response).slice(0, RESPONSE_START_CHARS),
  };
}

/** `evt_…/dst_…`, as an iterator of the list says it, to `<event id>/<destination id>`; undefined = it is none. */
export function parseDeliveryIterator(text: string): string | undefined {
  const [event = '', destination = '', ...rest] = text.split('/');
  const eventId = parseId(event, 'event');
  const destinationId = parseId(destination, 'destination');
  if (rest.length > 0 || eventId === undefined || destinationId === undefined) return undefined;
  return `${eventId}/${destinationId}`;
}

export function renderDeliveryIterator(eventId: EventId, destinationId: DestinationId): string {
  return `${renderId(eventId, 'event')}/${renderId(destinationId, 'destination')}`;
}

/** Problem validation at `loc`. */
export function eventIdOf(text: string, loc: readonly (string | number)[]): EventId {
  const id = parseId<'event'>(text, 'event');
  if (id === undefined || !isId(id)) throw invalid(loc, 'Give the id of an event, which begins with `evt_`.');
  return id as EventId;
}
