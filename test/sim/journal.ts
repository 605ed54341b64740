/** Writes down what happens, as facts for the checks and as lines for people. */
import type { Change, ChangeResult, ChangeSet } from '../../src/ports/catalog.ts';
import type { Acceptance, AcceptResult } from '../../src/ports/intake.ts';
import type { AttemptRecord, Enqueued, EnqueueEntry, LaneKey } from '../../src/ports/queue.ts';
import type { StorageCall } from '../support/failing-storage.ts';
import { emptyFacts, type Facts, type HealthFact, type Moment, type Write } from './facts.ts';

/** What all who write share. */
interface Pages {
  readonly now: () => number;
  readonly startedAt: number;
  readonly facts: Facts;
  readonly lines: string[];
  order: number;
}

export class Journal {
  readonly #pages: Pages;
  readonly #process: number;
  readonly #name: string;
  /** Writes whose caller has not been answered yet. */
  readonly #untold = new Map<StorageCall, Write[]>();

  /** The world's own; `pages` and the rest are for `forProcess`. */
  constructor(now: () => number, pages: Pages | null = null, process = 0, name = 'world') {
    this.#pages = pages ?? { now, startedAt: now(), facts: emptyFacts(), lines: [], order: 0 };
    this.#process = process;
    this.#name = name;
  }

  /** For what happens in a life of the engine, or to it. */
  forProcess(process: number, node: number): Journal {
    return new Journal(this.#pages.now, this.#pages, process, `n${node}.p${process}`);
  }

  get facts(): Facts {
    return this.#pages.facts;
  }

  get lines(): readonly string[] {
    return this.#pages.lines;
  }

  moment(): Moment {
    return { order: ++this.#pages.order, at: this.#pages.now(), process: this.#process };
  }

  line(text: string): void {
    const { now, startedAt, lines } = this.#pages;
    const order = String(++this.#pages.order).padStart(6);
    const seconds = ((now() - startedAt) / 1000).toFixed(3).padStart(10);
    lines.push(`${order} ${seconds}s ${this.#name} ${text}`);
  }

  died(reason: string): void {
    this.facts.deaths.push(this.moment());
    this.#untold.clear();
    this.line(`the process dies ${reason}`);
  }

  /** The store has made a write. */
  committed(call: StorageCall, result: unknown): void {
    const writes = this.#writesOf(call, result);
    if (writes.length > 0) this.#untold.set(call, writes);
  }

  /** The engine has learned what the store answered. */
  told(call: StorageCall): void {
    const writes = this.#untold.get(call);
    if (writes === undefined) return;
    this.#untold.delete(call);
    const told = this.moment();
    for (const write of writes) write.told = told;
  }

  #writesOf(call: StorageCall, result: unknown): Write[] {
    const [first, second] = call.args;
    switch (call.name) {
      case 'intake.accept':
        return this.#accepted(first as Acceptance, result as AcceptResult);
      case 'queue.record':
        return this.#recorded(first as AttemptRecord, result as 'recorded' | 'fenced');
      case 'queue.enqueue':
        return this.#enqueued(second as readonly EnqueueEntry[], result as readonly Enqueued[]);
      case 'queue.cancel':
        return this.#canceled(
          first as LaneKey,
          second as { eventId: string | null },
          result as number | null,
        );
      case 'queue.hurry': {
        const fact = { ...this.moment(), told: null, destinationId: (first as LaneKey).destinationId };
        this.line(`hurry ${this.#named(fact.destinationId)}: ${String(result)}`);
        this.facts.hurries.push(fact);
        return [fact];
      }
      case 'queue.writeHealth':
        return [this.#healthIs((first as LaneKey).destinationId, second as HealthFact['health'])];
      case 'catalog.write':
        return this.#changed(first as ChangeSet, result as ChangeResult);
      default:
        return [];
    }
  }

  #accepted(acceptance: Acceptance, result: AcceptResult): Write[] {
    const { event, destinations } = acceptance;
    if (result.kind !== 'accepted') {
      this.facts.refusals.push({ ...this.moment(), acceptance, result });
      this.line(`accept ${event.id}: ${result.kind}`);
      return [];
    }
    const fact = { ...this.moment(), told: null, acceptance, seq: result.seq };
    this.facts.accepts.push(fact);
    this.line(
      `accept ${event.id} seq ${result.seq} for ${destinations.map((id) => this.#named(id)).join(' ') || 'nobody'}`,
    );
    return [fact];
  }

  #recorded(record: AttemptRecord, result: 'recorded' | 'fenced'): Write[] {
    const { attempt, next } = record;
    const fact = { ...this.moment(), told: null, record };
    if (result === 'fenced') {
      this.facts.fenced.push(fact);
      this.line(`record ${attempt.eventId} ${this.#named(attempt.destinationId)}: fenced`);
      return [];
    }
    this.facts.records.push(fact);
    const then = next.kind === 'waiting' ? `again in ${next.dueAt - this.#pages.now()} ms` : 'settled';
    this.line(
      `record ${attempt.eventId} ${this.#named(attempt.destinationId)} ${attempt.trigger} #${attempt.number} ` +
        `${attempt.outcome} ${attempt.statusCode} -> ${attempt.status}, ${then}`,
    );
    if (record.health === undefined) return [fact];
    return [fact, this.#healthIs(attempt.destinationId, record.health.value, true)];
  }

  #enqueued(entries: readonly EnqueueEntry[], results: readonly Enqueued[]): Write[] {
    return entries.map((entry, index) => {
      const fact = { ...this.moment(), told: null, entry, result: results[index]! };
      this.facts.enqueues.push(fact);
      this.line(
        `enqueue ${entry.eventId} ${this.#named(entry.destinationId)} ${entry.trigger}: ${fact.result.kind}`,
      );
      return fact;
    });
  }

  #canceled(lane: LaneKey, options: { eventId: string | null }, count: number | null): Write[] {
    if (count === null) {
      this.line(`cancel ${this.#named(lane.destinationId)}: it is served`);
      return [];
    }
    const eventId = options.eventId as never;
    const fact = { ...this.moment(), told: null, destinationId: lane.destinationId, eventId, count };
    this.facts.cancels.push(fact);
    this.line(`cancel ${this.#named(lane.destinationId)}: ${count}`);
    return [fact];
  }

  #changed(change: ChangeSet, result: ChangeResult): Write[] {
    if (result.kind !== 'done') {
      this.line(`catalog.write: ${result.kind}`);
      return [];
    }
    const writes = change.changes.flatMap((one) => this.#formsOf(one));
    return [...writes, ...change.forgetHealth.map((id) => this.#healthIs(id, null))];
  }

  #formsOf(change: Change): Write[] {
    const id = change.op === 'remove' ? change.id : change.resource.id;
    const endpoint = this.facts.endpoints.find((candidate) => candidate.id === id);
    if (change.kind !== 'destination' || endpoint === undefined) return [];
    const form = change.op === 'remove' ? null : change.resource;
    const write = { ...this.moment(), told: null, form };
    endpoint.forms.push(write);
    const state = form === null ? 'removed' : form.disabled ? `disabled (${form.disabledReason})` : form.url;
    this.line(`catalog ${this.#named(id)}: ${state}`);
    return [write];
  }

  #healthIs(
    destinationId: HealthFact['destinationId'],
    health: HealthFact['health'],
    isOfAttempt = false,
  ): HealthFact {
    const fact = { ...this.moment(), told: null, destinationId, health, isOfAttempt };
    this.facts.healths.push(fact);
    if (health !== null) {
      this.line(
        `health ${this.#named(destinationId)} ${health.circuit}, ${health.failuresInRow} failures in a row`,
      );
    }
    return fact;
  }

  #named(destinationId: string): string {
    const endpoint = this.facts.endpoints.find((candidate) => candidate.id === destinationId);
    return endpoint === undefined ? destinationId : `e${endpoint.index}`;
  }
}
