/** One attempt: send, settle, judge, record. What comes of it is a value; only a bug throws. */
import type { Attempt } from '../core/delivery/delivery.ts';
import { type Health, isHealthy, type Judgement, judge } from '../core/delivery/health.ts';
import { type Settlement, scheduleFor, settle } from '../core/delivery/settle.ts';
import { newId } from '../core/ids.ts';
import { isAnswered, isDelivered, type Outcome } from '../core/outcome.ts';
import type { AttemptRecord, QueuedDelivery } from '../ports/queue.ts';
import type { CachedDirectory } from './directory.ts';
import type { EngineParts } from './engine.ts';
import type { Lane } from './lane.ts';
import type { OperationalEvents } from './operational.ts';
import { type ReceivedRequests, Unrenderable } from './received-request.ts';
import { requestOf } from './request.ts';
import type { GIVEN_UP, Retrier } from './retrier.ts';
import type { Finish } from './supply.ts';
import type { Target } from './targets.ts';
import type { Tokens } from './tokens.ts';

const RANDOM_ID_BYTES = 15;
const encoder = new TextEncoder();
const NO_SCHEDULE: readonly number[] = [];
const NOTHING_PUBLISHED: AttemptRecord['publish'] = [];

export interface Sent {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: Outcome;
  /** What the event holds made it impossible, whatever the destination would have said. */
  readonly isOfEvent: boolean;
}

/** What an attempt comes to: to be recorded, then to be told to the lane. */
export interface Conclusion {
  readonly record: AttemptRecord;
  readonly finish: Finish;
  /** Why the destination is to be disabled; null = it is not. */
  readonly disable: string | null;
}

interface Context {
  readonly lane: Lane;
  readonly delivery: QueuedDelivery;
  readonly target: Target;
  readonly sent: Sent;
  readonly judged: Judgement;
}

export class Attempts {
  readonly #parts: EngineParts;
  readonly #directory: CachedDirectory;
  readonly #operational: OperationalEvents;
  readonly #tokens: Tokens;
  readonly #received: ReceivedRequests;
  readonly #retrier: Retrier;
  readonly #disableAfterMs: number;

  constructor(
    parts: EngineParts,
    options: {
      directory: CachedDirectory;
      operational: OperationalEvents;
      tokens: Tokens;
      retrier: Retrier;
      received: ReceivedRequests;
    },
  ) {
    this.#parts = parts;
    this.#directory = options.directory;
    this.#operational = options.operational;
    this.#tokens = options.tokens;
    this.#received = options.received;
    this.#retrier = options.retrier;
    this.#disableAfterMs = parts.settings.disableAfterMs || Number.POSITIVE_INFINITY;
  }

  /** Calls the destination. Never rejects. */
  async send(target: Target, delivery: QueuedDelivery, content: Uint8Array): Promise<Sent> {
    const { clock, wire } = this.#parts;
    const { compiled } = target;
    const startedAt = clock.now();
    let outcome: Outcome;
    try {
      if (compiled.unusable !== null) outcome = unrenderable(compiled.unusable);
      else if (compiled.oauth2 !== null) outcome = await this.#sendWithToken(target, delivery.event, content);
      else {
        const options = { event: delivery.event, content, now: startedAt, accessToken: null };
        // Only what was received can be rendered otherwise; published events pay no promise for that.
        const request =
          delivery.event.received === null
            ? requestOf(compiled, options)
            : await this.#received.make(compiled, { ...options, organization: target.organization });
        outcome = await wire.send(request);
      }
    } catch (cause) {
      if (cause instanceof Unrenderable)
        return { startedAt, endedAt: clock.now(), outcome: unrenderable(cause.message), isOfEvent: true };
      this.#parts.log.error('delivery.unrenderable', cause, {
        eventId: delivery.event.id,
        destinationId: compiled.destination.id,
      });
      outcome = unrenderable('The request could not be made; the server log says why.');
    }
    return { startedAt, endedAt: clock.now(), outcome, isOfEvent: false };
  }

  async #sendWithToken(
    { compiled, organization }: Target,
    event: QueuedDelivery['event'],
    content: Uint8Array,
  ): Promise<Outcome> {
    const token = await this.#tokens.get(compiled, compiled.oauth2!);
    if (token.kind === 'unrenderable') return unrenderable(token.detail);
    const now = this.#parts.clock.now();
    const options = { organization, event, content, now, accessToken: token.token };
    const request = await this.#received.make(compiled, options);
    const outcome = await this.#parts.wire.send(request);
    if (isAnswered(outcome) && outcome.statusCode === 401) this.#tokens.forget(compiled);
    return outcome;
  }

  /** Decides what the outcome means for the delivery and its destination; the lane's health is the new one at once. */
  conclude(
    lane: Lane,
    delivery: QueuedDelivery,
    target: Target,
    sent: Sent,
  ): Conclusion | Promise<Conclusion | typeof GIVEN_UP> {
    const judged = this.#judge(lane, sent);
    lane.health = judged.health;
    const context: Context = { lane, delivery, target, sent, judged };
    // Delivered at the first attempt, as nearly all are: no schedule is looked up, nothing is told.
    if (isDelivered(sent.outcome) && delivery.attempts === 0) {
      return this.#conclusion(context, this.#settle(context, NO_SCHEDULE), NOTHING_PUBLISHED);
    }
    return this.#concludeWithLookups(context);
  }

  #judge({ health, window }: Lane, { outcome, endedAt: now, isOfEvent }: Sent): Judgement {
    // Else whoever may send to a source could close its destinations. A probe has to come to something, though.
    if (isOfEvent && health.circuit === 'closed') return { health, window, changed: false, disable: null };
    const uniform = this.#parts.dice.uniform();
    return judge({ health, window, outcome, now, disableAfterMs: this.#disableAfterMs, uniform });
  }

  async #concludeWithLookups(context: Context): Promise<Conclusion | typeof GIVEN_UP> {
    const { lane, delivery, target } = context;
    const fields = { eventId: delivery.event.id, destinationId: lane.destinationId };
    return this.#retrier.untilDone('attempt.conclude', fields, async () => {
      const settled = this.#settle(context, await this.#scheduleOf(lane, delivery, target));
      const conclusion = this.#conclusion(context, settled, NOTHING_PUBLISHED);
      if (settled.operational === null || target.application === null) return conclusion;
      const publish = await this.#operational.ofAttempt(settled.operational, {
        organization: lane.organization,
        application: target.application,
        destination: target.loaded.destination,
        event: delivery.event,
        attempt: conclusion.record.attempt,
      });
      return { ...conclusion, record: { ...conclusion.record, publish } };
    });
  }

  async #scheduleOf(lane: Lane, delivery: QueuedDelivery, target: Target): Promise<readonly number[]> {
    const { event } = delivery;
    const message = event.retryScheduleMs;
    const destination = target.loaded.destination.retryScheduleMs;
    const isChosen = message !== null || destination !== null || event.applicationId === null;
    const eventType = isChosen ? undefined : await this.#directory.eventType(lane.organization, event.type);
    return scheduleFor({
      message,
      destination,
      eventType: eventType?.retryScheduleMs ?? null,
      global: this.#parts.settings.retryScheduleMs,
    });
  }

  #settle({ delivery, sent }: Context, scheduleMs: readonly number[]): Settlement {
    const { attempts, trigger } = delivery;
    const uniform = this.#parts.dice.uniform();
    return settle({ attempts, trigger, outcome: sent.outcome, scheduleMs, now: sent.endedAt, uniform });
  }

  #conclusion(
    { lane, delivery, target, sent, judged }: Context,
    { next, disableDestination }: Settlement,
    publish: AttemptRecord['publish'],
  ): Conclusion {
    const { outcome } = sent;
    const attempt: Attempt = {
      id: newId<'attempt'>(sent.startedAt, this.#parts.dice.bytes(RANDOM_ID_BYTES)),
      eventId: delivery.event.id,
      destinationId: lane.destinationId,
      url: target.compiled.shownUrl,
      outcome: outcome.kind,
      statusCode: isAnswered(outcome) ? outcome.statusCode : 0,
      response: isAnswered(outcome) ? outcome.body : encoder.encode(outcome.detail),
      durationMs: outcome.durationMs,
      startedAt: sent.startedAt,
      trigger: delivery.trigger,
      number: delivery.attempts + 1,
      status: next.kind === 'settled' ? next.status : 'sending',
      nextAttemptAt: next.kind === 'waiting' ? next.dueAt : null,
    };
    const record: AttemptRecord = {
      organization: lane.organization,
      epoch: lane.epoch,
      seq: delivery.seq,
      attempt,
      next,
      health: judged.changed ? { value: storedHealth(lane.health) } : undefined,
      publish,
    };
    return { record, finish: next, disable: disableDestination ?? judged.disable };
  }

  /** The delivery's payload is gone: there is nothing to send. */
  cancellation(lane: Lane, delivery: QueuedDelivery, target: Target): Conclusion {
    const now = this.#parts.clock.now();
    const attempt: Attempt = {
      id: newId<'attempt'>(now, this.#parts.dice.bytes(RANDOM_ID_BYTES)),
      eventId: delivery.event.id,
      destinationId: lane.destinationId,
      url: target.compiled.shownUrl,
      outcome: 'canceled',
      statusCode: 0,
      response: encoder.encode('The payload expired or was expunged before it was delivered.'),
      durationMs: 0,
      startedAt: now,
      trigger: delivery.trigger,
      number: 0,
      status: 'canceled',
      nextAttemptAt: null,
    };
    return {
      record: {
        organization: lane.organization,
        epoch: lane.epoch,
        seq: delivery.seq,
        attempt,
        next: { kind: 'settled' },
        health: undefined,
        publish: NOTHING_PUBLISHED,
      },
      finish: { kind: 'settled', status: 'canceled' },
      disable: null,
    };
  }
}

/** A healthy destination has no row. */
export function storedHealth(health: Health): Health | null {
  return isHealthy(health) ? null : health;
}

function unrenderable(detail: string): Outcome {
  return { kind: 'unrenderable', detail, durationMs: 0 };
}
