/**
 * One life of the engine: the real engine on the shared store, with a clock, a wire and a failing store of its own, all
 * of which end with it. The store and the receivers outlive it.
 */

import type { DestinationId } from '../../src/core/ids.ts';
import { createEngine } from '../../src/engine/create-engine.ts';
import type { Engine } from '../../src/engine/engine.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Log } from '../../src/ports/log.ts';
import type { Storage } from '../../src/ports/storage.ts';
import type { WireRequest } from '../../src/ports/wire.ts';
import { FailingStorage, type Fate, type StorageCall } from '../support/failing-storage.ts';
import type { FakeClock, ProcessClock } from '../support/fake-clock.ts';
import { receivingParts } from '../support/receiving-parts.ts';
import { hangs, headerOf, type Reaction, ScriptedWire, type WireCall } from '../support/scripted-wire.ts';
import type { SeededDice } from '../support/seeded-dice.ts';
import type { SendFact, Tenure } from './facts.ts';
import type { Journal } from './journal.ts';
import type { Receiver } from './receivers.ts';
import type { FaultPlan, Scenario } from './scenario.ts';

const WRITES =
  /^(intake\.accept|queue\.(record|enqueue|cancel|hurry|writeHealth)|catalog\.write|history\.expunge)/;

/** What a node has of the store. */
export interface Place {
  readonly store: Storage;
  /** The engine's. */
  readonly clock: Clock;
  /** The instant from which a call of the store may be answered. */
  readonly answersFrom?: (call: StorageCall) => number;
  /** The store does not answer at present. */
  readonly isAway?: () => boolean;
  readonly tenureOf: (destinationId: DestinationId) => Tenure | null;
  /** The process is gone. */
  readonly died?: () => void;
}

export interface LifeParts {
  readonly scenario: Scenario;
  readonly clock: FakeClock;
  /** How wrong the machine's clock is. */
  readonly aheadMs: number;
  readonly open: (clock: ProcessClock, journal: Journal) => Place;
  readonly journal: Journal;
  readonly dice: SeededDice;
  /** By endpoint index. */
  readonly receivers: () => readonly Receiver[];
  /** False before and after the part of the scenario in which things break. */
  readonly mayFail: () => boolean;
  readonly onDeath: (life: Life) => void;
}

export class Life {
  readonly engine: Engine;
  readonly storage: FailingStorage;
  readonly wire: ScriptedWire;
  readonly clock: ProcessClock;
  /** Resolves when the process has died; people stop waiting for it then. */
  readonly death: Promise<'died'>;
  readonly #parts: LifeParts;
  readonly #place: Place;
  /** Writes keep their order on the way to the store and back: `[there, back]`, when the last one arrives. */
  readonly #arrivals = { there: 0, back: 0 };
  readonly #sends = new Map<WireCall, SendFact>();
  #resolveDeath: (died: 'died') => void = () => {};

  constructor(parts: LifeParts) {
    this.#parts = parts;
    this.death = new Promise((resolve) => {
      this.#resolveDeath = resolve;
    });
    this.clock = parts.clock.forProcess({ aheadMs: parts.aheadMs });
    this.#place = parts.open(this.clock, parts.journal);
    this.storage = new FailingStorage({
      inner: this.#place.store,
      fate: (call) => this.#fate(call),
      onCommitted: (call, result) => parts.journal.committed(call, result),
      onReplied: (call) => parts.journal.told(call),
      onDeath: (call) => this.#die(call === null ? 'between calls' : `in ${call.name}`),
      pause: (call, way) => this.#pause(call, way),
    });
    this.wire = new ScriptedWire(
      this.clock,
      (request, call) => this.#receive(request, call),
      (call) => this.#answered(call),
    );
    this.engine = createEngine({
      storage: this.storage,
      wire: this.wire,
      clock: this.#place.clock,
      dice: parts.dice.fork(),
      log: logIn(parts.journal),
      fetchToken: async () => ({ kind: 'unrenderable', detail: 'The simulation has no token server.' }),
      ...receivingParts(),
      settings: parts.scenario.settings,
    });
  }

  get isDead(): boolean {
    return this.storage.isDead;
  }

  kill(): void {
    this.storage.kill();
  }

  #die(reason: string): void {
    this.#parts.journal.died(reason);
    this.clock.kill();
    this.#place.died?.();
    this.#resolveDeath('died');
    this.#parts.onDeath(this);
  }

  #fate(call: StorageCall): Fate {
    const { dice, scenario, mayFail } = this.#parts;
    if (this.#place.isAway?.() === true) return 'reject';
    if (!mayFail()) return 'pass';
    const isWrite = WRITES.test(call.name);
    const faults: FaultPlan = scenario.faults;
    const roll = dice.uniform();
    const fates: readonly (readonly [Fate, number])[] = [
      ['reject', faults.reject],
      ['lose-reply', isWrite ? faults.loseReply : 0],
      ['die-before', isWrite ? faults.dieBefore : faults.dieBefore / 5],
      ['die-after', isWrite ? faults.dieAfter : 0],
    ];
    let below = 0;
    for (const [fate, chance] of fates) {
      below += chance;
      if (roll < below) {
        this.#parts.journal.line(`${call.name} meets its fate: ${fate}`);
        return fate;
      }
    }
    return 'pass';
  }

  #pause(call: StorageCall, way: 'there' | 'back'): Promise<void> | null {
    const { dice, scenario, mayFail } = this.#parts;
    const [low, high] = mayFail() ? scenario.faults.storeMs : [0, 0];
    const now = this.clock.now();
    const answersFrom = way === 'back' ? (this.#place.answersFrom?.(call) ?? 0) : 0;
    let at = now + Math.max(dice.between(low, high), answersFrom - this.#parts.clock.now());
    if (WRITES.test(call.name)) {
      at = Math.max(at, this.#arrivals[way]);
      this.#arrivals[way] = at;
    }
    return high === 0 && at === now && !this.clock.isPaused
      ? null
      : new Promise((resolve) => this.clock.after(at - now, resolve));
  }

  #receive(request: WireRequest, call: WireCall): Reaction {
    const { facts } = this.#parts.journal;
    const endpoint = facts.endpoints.find((candidate) => candidate.host === request.url.hostname);
    if (endpoint === undefined)
      throw new Error(`A request went to ${request.url.href}, which nobody configured.`);
    const reaction = this.#parts.receivers()[endpoint.index]?.react(this.#parts.clock.now()) ?? hangs();
    const send: SendFact = {
      ...this.#parts.journal.moment(),
      endpoint: endpoint.index,
      sentAt: this.#place.clock.now(),
      tenure: this.#place.tenureOf(endpoint.id),
      eventId: headerOf(request.headers, 'webhook-id').replace('msg_', ''),
      url: request.url,
      headers: request.headers,
      body: request.body,
      timeoutMs: request.timeoutMs,
      ended: null,
      outcome: null,
    };
    facts.sends.push(send);
    this.#parts.journal.line(`send ${send.eventId} to e${endpoint.index}`);
    this.#sends.set(call, send);
    this.#maybeDieInFlight(reaction, request);
    return reaction;
  }

  #answered(call: WireCall): void {
    const send = this.#sends.get(call)!;
    this.#sends.delete(call);
    send.ended = this.#parts.journal.moment();
    send.outcome = call.outcome;
    this.#parts.journal.line(`answer ${send.eventId} of e${send.endpoint}: ${told(send)}`);
  }

  #maybeDieInFlight(reaction: Reaction, request: WireRequest): void {
    const { dice, scenario, mayFail } = this.#parts;
    if (!mayFail() || !dice.chance(scenario.faults.dieInFlight)) return;
    const most = reaction.kind === 'hang' ? request.timeoutMs : Math.min(reaction.afterMs, request.timeoutMs);
    this.clock.after(dice.between(0, most), () => this.kill());
  }
}

/** Errors that are logged as bugs are part of the trace. */
export function logIn(journal: Journal): Log {
  return {
    info: () => {},
    warn: (event) => journal.line(`log.warn ${event}`),
    error: (event, cause) =>
      journal.line(`log.error ${event}: ${cause instanceof Error ? cause.message : String(cause)}`),
  };
}

function told(send: SendFact): string {
  const { outcome } = send;
  if (outcome === null) return 'none';
  return 'statusCode' in outcome ? String(outcome.statusCode) : outcome.kind;
}
