/** Lets a scenario happen: one store, receivers, people, and engines that are killed and started again. */
import type { EngineMetrics } from '../../src/engine/engine.ts';
import type { Storage } from '../../src/ports/storage.ts';
import { type FakeClock, nextTurn, type ProcessClock } from '../support/fake-clock.ts';
import { SeededDice } from '../support/seeded-dice.ts';
import type { ClusterSabotage } from './cluster/sabotage.ts';
import { SimCluster } from './cluster/sim-cluster.ts';
import type { Tenure } from './facts.ts';
import { Journal } from './journal.ts';
import type { Life, Place } from './life.ts';
import { People } from './people.ts';
import { Receiver } from './receivers.ts';
import type { NodeAction, Scenario } from './scenario.ts';
import { setUp } from './set-up.ts';
import { Slot } from './slot.ts';

/** Simulated time after which something that is not settled never will be. */
const PATIENCE_MS = 14 * 86_400_000;
/** Instants in which something happens, before a run counts as one that never rests, unless said otherwise. */
const INSTANTS_MAX = 40_000;
/** Ms that starting and setting up may take. */
const SET_UP_INSTANTS_MAX = 5_000;
/** Instants between two looks at whether everything is settled. */
const LOOK_EVERY = 15;

export interface WorldOptions {
  readonly scenario: Scenario;
  readonly store: Storage;
  readonly clock: FakeClock;
  /** Instants after which the run counts as one that never rests. */
  readonly instantsMax?: number;
  /** Breaks the cluster on purpose. */
  readonly sabotage?: ClusterSabotage;
}

export class World {
  readonly journal: Journal;
  /** Of each node's last life, after everything was settled. */
  metricsAtRest: readonly EngineMetrics[] = [];
  /** When the scenario's instants begin. */
  begunAt = 0;
  /** Why the run did not come to rest; null = it did. */
  unrest: string | null = null;
  readonly #scenario: Scenario;
  readonly #store: Storage;
  readonly #clock: FakeClock;
  readonly #dice: SeededDice;
  /** Chooses which node people talk to. */
  readonly #balancer: SeededDice;
  readonly #startedAt: number;
  readonly #instantsMax: number;
  /** null = one process has the store to itself. */
  readonly #cluster: SimCluster | null;
  readonly #slots: readonly Slot[];
  #receivers: readonly Receiver[] = [];
  #people: People | null = null;
  #waitingForLife: ((life: Life) => void)[] = [];
  #processes = 0;
  #actionsLeft = 0;
  #isSetUp = false;
  #bug: { readonly cause: unknown } | null = null;

  constructor({ scenario, store, clock, instantsMax, sabotage }: WorldOptions) {
    this.#instantsMax = instantsMax ?? INSTANTS_MAX;
    this.#scenario = scenario;
    this.#store = store;
    this.#clock = clock;
    this.#startedAt = clock.now();
    this.#dice = new SeededDice(scenario.seed ^ 0x5eed);
    this.#balancer = new SeededDice(scenario.seed ^ 0xba1a);
    this.journal = new Journal(() => clock.now());
    const { cluster: plan } = scenario;
    this.#cluster =
      plan === null
        ? null
        : new SimCluster({
            plan,
            store,
            clock,
            journal: this.journal,
            dice: new SeededDice(scenario.seed ^ 0xc105),
            sabotage: sabotage ?? {},
          });
    this.#slots = (plan?.aheadMs ?? [0]).map((aheadMs, index) => this.#newSlot(index, aheadMs));
    clock.settleWith(() => this.#settle());
  }

  /** Runs the scenario to its rest. Rejects on a bug: anything that the engine throws and that is no Problem. */
  async run(): Promise<void> {
    const [first, ...others] = this.#slots as [Slot, ...Slot[]];
    await this.#drive(first.start());
    const parts = { scenario: this.#scenario, clock: this.#clock, dice: this.#dice, journal: this.journal };
    const applications = await this.#drive(setUp(parts, first.life!));
    for (const slot of others) await this.#drive(slot.start());
    this.#receivers = this.#scenario.endpoints.map(
      ({ receiver }) => new Receiver(receiver, this.#dice.fork(), this.#clock.now()),
    );
    this.#people = new People({
      clock: this.#clock,
      journal: this.journal,
      applications,
      life: () => this.#whenAlive(),
    });
    this.#isSetUp = true;
    this.begunAt = this.#clock.now();
    this.#schedule();
    await this.#untilQuiet();
    if (this.unrest === null) await this.#watchRest();
  }

  /** Stops the last lives, as an orderly shutdown does. */
  async close(): Promise<void> {
    for (const slot of this.#slots) {
      if (!(await slot.close())) this.unrest ??= 'the engine did not stop within its deadline';
    }
    if (this.#cluster !== null && this.#cluster.members > 0 && this.unrest === null)
      this.unrest = `${this.#cluster.members} nodes stopped, but did not leave the cluster`;
  }

  #newSlot(index: number, aheadMs: number): Slot {
    return new Slot({
      ...{ index, aheadMs, scenario: this.#scenario, clock: this.#clock, dice: this.#dice },
      receivers: () => this.#receivers,
      newJournal: () => this.journal.forProcess(++this.#processes, index),
      open: (clock, journal) =>
        this.#cluster?.open(index, { clock, journal }) ?? this.#openAlone(clock, journal),
      mayFail: () => this.#isSetUp && this.#clock.now() < this.#startedAt + this.#scenario.faults.untilMs,
      isUp: () => this.#tellWaiting(),
      guard: (work) => this.#guard(work),
    });
  }

  #openAlone(clock: ProcessClock, journal: Journal): Place {
    const tenure: Tenure = { shard: null, epoch: 0, began: journal.moment(), ended: null };
    journal.facts.tenures.push(tenure);
    return { store: this.#store, clock, tenureOf: () => tenure };
  }

  #whenAlive(): Promise<Life> {
    const up = this.#slots.flatMap((slot) => slot.up ?? []);
    if (up.length === 1) return Promise.resolve(up[0]!);
    if (up.length > 1) return Promise.resolve(this.#balancer.pick(up));
    return new Promise((resolve) => this.#waitingForLife.push(resolve));
  }

  #tellWaiting(): void {
    for (const tell of this.#waitingForLife.splice(0)) void this.#whenAlive().then(tell);
  }

  #schedule(): void {
    this.#actionsLeft = this.#scenario.actions.length;
    for (const action of this.#scenario.actions) {
      this.#clock.after(action.atMs, () => {
        this.#actionsLeft--;
        if ('node' in action) this.#happens(action);
        else this.#guard(this.#people!.act(action));
      });
    }
  }

  #happens(action: NodeAction): void {
    const slot = this.#slots[action.node]!;
    if (action.kind === 'kill') slot.kill();
    else if (action.kind === 'restart') this.#guard(this.#restart(slot));
    else if (action.kind === 'pause') slot.pause(action.ms);
    else this.#cluster!.cutOff(action.node, action);
  }

  async #restart(slot: Slot): Promise<void> {
    if (this.#slots.length === 1) await slot.restart(await this.#whenAlive());
    else if (slot.up !== null) await slot.restart(slot.up);
  }

  /** A rejection that nobody awaits ends the run instead of the test process. */
  #guard(work: Promise<void>): void {
    work.catch((cause: unknown) => {
      this.#bug ??= { cause };
    });
  }

  /** Lets time pass until a promise settles. */
  async #drive<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const done = work.finally(() => {
      isDone = true;
    });
    done.catch(() => {});
    for (let instants = 0; !isDone; instants++) {
      if (instants > SET_UP_INSTANTS_MAX) throw new Error('Setting up the world does not come to an end.');
      await this.#clock.advance(1);
    }
    return done;
  }

  async #untilQuiet(): Promise<void> {
    const until = this.#clock.now() + PATIENCE_MS;
    for (let instants = 1; ; instants++) {
      if (!(await this.#clock.advanceToNext(PATIENCE_MS))) await this.#clock.advance(1_000);
      if (this.#bug !== null) throw this.#bug.cause;
      if (instants % LOOK_EVERY === 0 && (await this.#isQuiet())) return;
      if (this.#clock.now() > until || instants > this.#instantsMax) {
        const { unsettledDeliveries } = await this.#store.upkeep.stats();
        this.unrest = `${unsettledDeliveries} deliveries are unsettled after ${instants} instants`;
        return;
      }
    }
  }

  async #isQuiet(): Promise<boolean> {
    if (!this.#slots.every(({ isAtRest }) => isAtRest)) return false;
    if (this.#actionsLeft > 0 || this.#people!.busy > 0) return false;
    const { unsettledDeliveries } = await this.#store.upkeep.stats();
    if (unsettledDeliveries > 0) return false;
    return (await this.#store.catalog.runningTasks(1)).length === 0;
  }

  /** Nothing more may happen. */
  async #watchRest(): Promise<void> {
    await this.#clock.advance(this.#scenario.restMs);
    if (this.#bug !== null) throw this.#bug.cause;
    this.metricsAtRest = this.#slots.flatMap(({ life }) => life?.engine.metrics ?? []);
  }

  /** Nothing more will happen at this instant: the store is idle, and two turns passed without a call to it. */
  async #settle(): Promise<void> {
    for (let before = -1; ; ) {
      await nextTurn();
      let busy = 0;
      let activity = 0;
      for (const { life } of this.#slots) {
        busy += life?.storage.busy ?? 0;
        activity += life?.storage.activity ?? 0;
      }
      if (this.#slots.every(({ life }) => life === null)) return;
      if (busy === 0 && activity === before) return;
      before = activity;
    }
  }
}
