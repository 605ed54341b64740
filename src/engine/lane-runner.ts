/** Takes one delivery through its attempt: slot, send, conclude, record, back to its lane. */

import type { AttemptRecord, Queue, QueuedDelivery } from '../ports/queue.ts';
import type { Attempts, Conclusion, Sent } from './attempts.ts';
import { storedHealth } from './attempts.ts';
import type { EngineMetrics, EngineParts } from './engine.ts';
import type { Lane } from './lane.ts';
import { GIVEN_UP, type Retrier } from './retrier.ts';
import type { Target } from './targets.ts';

/** What the runner tells to whoever visits the lanes. */
export interface LaneCalls {
  wake(lane: Lane): void;
  ended(lane: Lane): void;
  /** The lane's shard belongs to another node, which makes its attempts from now on. */
  fenced(lane: Lane): void;
}

type Recorded = Awaited<ReturnType<Queue['record']>>;

export interface LaneRunnerOptions {
  readonly attempts: Attempts;
  readonly retrier: Retrier;
  readonly metrics: EngineMetrics;
  /** Operational events were committed: their lanes have something to read. */
  readonly published: (record: Conclusion['record']) => void;
  /** Writes `disabled` into the destination; resolves when it is done or given up. */
  readonly disable: (lane: Lane, target: Target, reason: string) => Promise<void>;
}

export class LaneRunner {
  readonly #parts: EngineParts;
  readonly #options: LaneRunnerOptions;

  constructor(parts: EngineParts, options: LaneRunnerOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** Never rejects. When the engine stops before it can be recorded, the row stays and is sent again later. */
  async run(lane: Lane, target: Target, delivery: QueuedDelivery, calls: LaneCalls): Promise<void> {
    try {
      const conclusion = await this.#attempt(lane, target, delivery, calls);
      if (conclusion === GIVEN_UP) return;
      const told = await this.#record(lane, conclusion);
      if (told === GIVEN_UP) return;
      lane.takeBack(delivery);
      if (told === 'fenced') {
        this.#fenced(lane, delivery, calls);
        return;
      }
      const { finish } = conclusion;
      if (delivery.trigger === 'manual' && finish.kind === 'settled' && finish.status === 'delivered') {
        lane.ignoreTwin(delivery);
      }
      if (lane.isShut) lane.budget.remove(delivery);
      else lane.supply.finish(delivery, finish, this.#parts.clock.now());
      if (conclusion.record.publish.length > 0) this.#options.published(conclusion.record);
      if (conclusion.disable !== null) await this.#disable(lane, target, conclusion.disable);
    } catch (cause) {
      const fields = { eventId: delivery.event.id, destinationId: lane.destinationId };
      this.#parts.log.error('delivery.failed', cause, fields);
    } finally {
      calls.ended(lane);
    }
  }

  async #attempt(
    lane: Lane,
    target: Target,
    delivery: QueuedDelivery,
    calls: LaneCalls,
  ): Promise<Conclusion | typeof GIVEN_UP> {
    const { attempts, metrics } = this.#options;
    if (delivery.content === null) return attempts.cancellation(lane, delivery, target);
    lane.inFlight++;
    metrics.inFlight++;
    const sent = await attempts.send(target, delivery, delivery.content);
    lane.inFlight--;
    metrics.inFlight--;
    const concluded = attempts.conclude(lane, delivery, target, sent);
    const conclusion = concluded instanceof Promise ? await concluded : concluded;
    if (conclusion !== GIVEN_UP) {
      if (conclusion.disable !== null) lane.disabling++;
      this.#tell(lane, delivery, conclusion, sent);
    }
    // The receiver has answered: the slot is free while the answer is being written.
    calls.wake(lane);
    return conclusion;
  }

  /** The attempt was made for nothing, or rather twice: the row is another node's, and was given out there. */
  #fenced(lane: Lane, delivery: QueuedDelivery, calls: LaneCalls): void {
    const { organization, destinationId, epoch } = lane;
    const fields = { organization, destinationId, epoch, eventId: delivery.event.id };
    this.#parts.log.warn('delivery.fenced', fields);
    lane.budget.remove(delivery);
    calls.fenced(lane);
  }

  async #record(lane: Lane, { record }: Conclusion): Promise<Recorded | typeof GIVEN_UP> {
    try {
      return await this.#parts.storage.queue.record(withLatestHealth(lane, record));
    } catch {
      const fields = { eventId: record.attempt.eventId, attemptId: record.attempt.id };
      const again = () => this.#recordAgain(lane, record);
      return this.#options.retrier.untilDone('attempt.record', fields, again);
    }
  }

  /** The store may have taken it although it did not say so: then it must not be in history twice. */
  async #recordAgain(lane: Lane, record: AttemptRecord): Promise<Recorded> {
    const { history, queue } = this.#parts.storage;
    const { organization, attempt } = record;
    const scope = { organization, applicationId: lane.ownerId ?? null };
    if ((await history.findAttempt(scope, attempt.eventId, attempt.id)) !== null) return 'recorded';
    return queue.record(withLatestHealth(lane, record));
  }

  /** Nothing more is sent until the destination is disabled; then the lane finds it gone and cancels the rest. */
  async #disable(lane: Lane, target: Target, reason: string): Promise<void> {
    try {
      await this.#options.disable(lane, target, reason);
    } finally {
      lane.disabling--;
    }
  }

  #tell(lane: Lane, delivery: QueuedDelivery, { record }: Conclusion, sent: Sent): void {
    const { metrics } = this.#options;
    const { attempt } = record;
    count(metrics.attemptsByOutcome, attempt.outcome);
    if (attempt.status !== 'sending') count(metrics.deliveriesSettled, attempt.status);
    metrics.onAttempt?.({
      outcome: attempt.outcome,
      durationMs: attempt.durationMs,
      sinceAcceptedMs: sent.endedAt - delivery.event.acceptedAt,
      first: attempt.number === 1,
    });
    this.#parts.log.info('delivery.attempted', {
      organization: lane.organization,
      applicationId: delivery.event.applicationId,
      eventId: attempt.eventId,
      destinationId: attempt.destinationId,
      attemptId: attempt.id,
      number: attempt.number,
      trigger: attempt.trigger,
      outcome: attempt.outcome,
      statusCode: attempt.statusCode,
      status: attempt.status,
      durationMs: attempt.durationMs,
      nextAttemptAt: attempt.nextAttemptAt,
    });
  }
}

/** Others may have been recorded since the conclusion: an older health must not overwrite theirs. */
function withLatestHealth(lane: Lane, record: AttemptRecord): AttemptRecord {
  return record.health === undefined ? record : { ...record, health: { value: storedHealth(lane.health) } };
}

function count(counters: Map<string, number>, name: string): void {
  counters.set(name, (counters.get(name) ?? 0) + 1);
}
