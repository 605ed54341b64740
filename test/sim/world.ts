/** Lets a scenario happen: one store, receivers, people, and an engine that is killed and started again. */
import { type ApplicationId, type DestinationId, newId, type OrganizationId } from '../../src/core/ids.ts';
import type { Edit, EngineMetrics, Vault } from '../../src/engine/engine.ts';
import type { Storage } from '../../src/ports/storage.ts';
import { type FakeClock, nextTurn } from '../support/fake-clock.ts';
import { SeededDice } from '../support/seeded-dice.ts';
import type { EndpointFacts } from './facts.ts';
import { Journal } from './journal.ts';
import { Life } from './life.ts';
import { People, principalOf } from './people.ts';
import { Receiver } from './receivers.ts';
import type { ApplicationPlan, EndpointPlan, Scenario } from './scenario.ts';

/** Simulated time after which something that is not settled never will be. */
const PATIENCE_MS = 14 * 86_400_000;
/** Instants in which something happens, before a run counts as one that never rests, unless said otherwise. */
const INSTANTS_MAX = 40_000;
/** Ms that starting and setting up may take. */
const SET_UP_INSTANTS_MAX = 5_000;
/** Instants between two looks at whether everything is settled. */
const LOOK_EVERY = 15;
/** How long the world is watched after everything was settled: nothing more may happen. */
const REST_MS = 120_000;
const STOP_DEADLINE_MS = 5_000;

type Placed = { readonly organization: OrganizationId; readonly id: ApplicationId };

export interface WorldOptions {
  readonly scenario: Scenario;
  readonly store: Storage;
  readonly clock: FakeClock;
  /** Instants after which the run counts as one that never rests. */
  readonly instantsMax?: number;
}

export class World {
  readonly journal: Journal;
  /** Of the last life, after everything was settled. */
  metricsAtRest: EngineMetrics | null = null;
  /** Why the run did not come to rest; null = it did. */
  unrest: string | null = null;
  readonly #scenario: Scenario;
  readonly #store: Storage;
  readonly #clock: FakeClock;
  readonly #dice: SeededDice;
  readonly #startedAt: number;
  readonly #instantsMax: number;
  #receivers: readonly Receiver[] = [];
  #people: People | null = null;
  /** The latest life, and the one that people can talk to. */
  #life: Life | null = null;
  #up: Life | null = null;
  #waitingForLife: ((life: Life) => void)[] = [];
  #actionsLeft = 0;
  #isSetUp = false;
  #bug: { readonly cause: unknown } | null = null;

  constructor({ scenario, store, clock, instantsMax }: WorldOptions) {
    this.#instantsMax = instantsMax ?? INSTANTS_MAX;
    this.#scenario = scenario;
    this.#store = store;
    this.#clock = clock;
    this.#startedAt = clock.now();
    this.#dice = new SeededDice(scenario.seed ^ 0x5eed);
    this.journal = new Journal(() => clock.now());
    clock.settleWith(() => this.#settle());
  }

  /** Runs the scenario to its rest. Rejects on a bug: anything that the engine throws and that is no Problem. */
  async run(): Promise<void> {
    await this.#drive(this.#start());
    const applications = await this.#drive(this.#setUp());
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
    this.#schedule();
    await this.#untilQuiet();
    if (this.unrest === null) await this.#watchRest();
  }

  /** Stops the last life, as an orderly shutdown does. */
  async close(): Promise<void> {
    const life = this.#life;
    if (life === null || life.isDead) return;
    let stopped = false;
    const stopping = life.engine.stop(STOP_DEADLINE_MS).then(() => {
      stopped = true;
    });
    await this.#clock.advance(STOP_DEADLINE_MS + 1);
    if (stopped) await stopping;
    else this.unrest ??= 'the engine did not stop within its deadline';
    life.clock.kill();
  }

  async #start(): Promise<void> {
    this.journal.process++;
    this.journal.line('the process starts');
    const life = new Life({
      scenario: this.#scenario,
      store: this.#store,
      clock: this.#clock,
      journal: this.journal,
      dice: this.#dice,
      receivers: this.#receivers,
      mayFail: () => this.#isSetUp && this.#clock.now() < this.#startedAt + this.#scenario.faults.untilMs,
      onDeath: () => this.#startLater(),
    });
    this.#life = life;
    try {
      const started = await Promise.race([life.engine.start().then(() => 'started' as const), life.death]);
      if (started === 'died') return;
    } catch (cause) {
      // A process that cannot start ends, and is started again.
      this.journal.line(`start: ${cause instanceof Error ? cause.message : String(cause)}`);
      life.kill();
      return;
    }
    this.#up = life;
    for (const tell of this.#waitingForLife.splice(0)) tell(life);
  }

  #startLater(): void {
    const [low, high] = this.#scenario.faults.restartMs;
    this.#clock.after(this.#dice.between(low, high), () => this.#guard(this.#start()));
  }

  async #restart(): Promise<void> {
    const life = await this.#whenAlive();
    this.journal.line('the process stops');
    await Promise.race([life.engine.stop(STOP_DEADLINE_MS), life.death]);
    // What an orderly stop has left running ends with the process.
    if (!life.isDead) life.kill();
  }

  #whenAlive(): Promise<Life> {
    const life = this.#up;
    if (life !== null && !life.isDead) return Promise.resolve(life);
    return new Promise((resolve) => this.#waitingForLife.push(resolve));
  }

  async #setUp(): Promise<Placed[]> {
    const life = this.#life!;
    const placed: Placed[] = [];
    for (const plan of this.#scenario.applications) placed.push(await this.#addApplication(life, plan));
    for (const [index, plan] of this.#scenario.endpoints.entries()) {
      await this.#addEndpoint(life, { index, plan, application: placed[plan.application]! });
    }
    return placed;
  }

  async #addApplication(life: Life, plan: ApplicationPlan): Promise<Placed> {
    const organization = plan.organization as OrganizationId;
    const id: ApplicationId = newId(this.#clock.now(), this.#dice.bytes(15));
    await this.#commit(life, organization, {
      kind: 'application',
      before: null,
      after: {
        ...this.#fresh(id, null),
        name: 'Simulated',
        throttleRate: plan.throttleRate,
        metadata: {},
        tokensValidFrom: 0,
      },
    });
    return { organization, id };
  }

  async #addEndpoint(
    life: Life,
    { index, plan, application }: { index: number; plan: EndpointPlan; application: Placed },
  ): Promise<void> {
    const id: DestinationId = newId(this.#clock.now(), this.#dice.bytes(15));
    const host = `e${index}.sim.test`;
    const { organization } = application;
    const facts: EndpointFacts = { index, plan, organization, id, host, forms: [] };
    this.journal.facts.endpoints.push(facts);
    await this.#commit(life, organization, {
      kind: 'destination',
      before: null,
      after: {
        ...this.#fresh(id, application.id),
        id,
        kind: 'http',
        url: `http://${host}/v1`,
        description: '',
        eventTypes: plan.eventTypes,
        channels: plan.channels,
        disabled: false,
        disabledReason: null,
        metadata: {},
        keys: [this.#key(life.engine.vault, organization, id)],
        headers: null,
        throttleRate: plan.throttleRate,
        concurrency: plan.concurrency,
        timeoutMs: plan.timeoutMs,
        retryScheduleMs: plan.retryScheduleMs,
        ordering: plan.ordering,
        method: null,
        auth: null,
        tls: null,
        allowHttp2: false,
        transformation: null,
      },
    });
  }

  #key(vault: Vault, organization: OrganizationId, id: DestinationId) {
    const secret = `whsec_${Buffer.from(this.#dice.bytes(24)).toString('base64')}`;
    return {
      type: 'hmac256' as const,
      secret: vault.seal(organization, id, secret),
      createdAt: this.#clock.now(),
      expiresAt: null,
    };
  }

  #fresh<Id>(id: Id, ownerId: ApplicationId | null) {
    const now = this.#clock.now();
    return { id, uid: null, ownerId, createdAt: now, updatedAt: now, version: 1 };
  }

  async #commit(life: Life, organization: OrganizationId, edit: Edit): Promise<void> {
    const result = await life.engine.commit({
      organization,
      principal: principalOf(organization),
      edits: [edit],
      action: `${edit.kind}.create`,
      idempotency: null,
      reply: { status: 201, body: undefined },
    });
    if (result.kind !== 'done') throw new Error(`Setting up the world ended as ${result.kind}.`);
  }

  #schedule(): void {
    this.#actionsLeft = this.#scenario.actions.length;
    for (const action of this.#scenario.actions) {
      this.#clock.after(action.atMs, () => {
        this.#actionsLeft--;
        if (action.kind === 'kill') this.#life?.kill();
        else if (action.kind === 'restart') this.#guard(this.#restart());
        else this.#guard(this.#people!.act(action));
      });
    }
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
    const life = this.#life;
    if (life === null || life.isDead || life !== this.#up) return false;
    if (this.#actionsLeft > 0 || this.#people!.busy > 0 || life.wire.inFlight > 0) return false;
    const { unsettledDeliveries } = await this.#store.upkeep.stats();
    if (unsettledDeliveries > 0) return false;
    return (await this.#store.catalog.runningTasks(1)).length === 0;
  }

  async #watchRest(): Promise<void> {
    await this.#clock.advance(REST_MS);
    if (this.#bug !== null) throw this.#bug.cause;
    this.metricsAtRest = this.#life!.engine.metrics;
  }

  /** Nothing more will happen at this instant: the store is idle, and two turns passed without a call to it. */
  async #settle(): Promise<void> {
    for (let before = -1; ; ) {
      await nextTurn();
      const storage = this.#life?.storage;
      if (storage === undefined) return;
      if (storage.busy === 0 && storage.activity === before) return;
      before = storage.activity;
    }
  }
}
