/** What one seed makes happen: who is configured how, how each receiver behaves, what people do when, and what breaks. */
import type { Ordering } from '../../src/core/catalog/resources.ts';
import type { EngineSettings } from '../../src/engine/engine.ts';
import { SeededDice } from '../support/seeded-dice.ts';

export interface Scenario {
  readonly seed: number;
  readonly settings: EngineSettings;
  readonly applications: readonly ApplicationPlan[];
  readonly endpoints: readonly EndpointPlan[];
  /** In order of time. */
  readonly actions: readonly Action[];
  readonly faults: FaultPlan;
  /** How long the world is watched after everything was settled: nothing more may happen. */
  readonly restMs: number;
  /** null = one process has the store to itself. */
  readonly cluster: ClusterPlan | null;
}

/** Several nodes on one store. */
export interface ClusterPlan {
  /** Of each node: how wrong its machine's clock is. */
  readonly aheadMs: readonly number[];
  /** How long a commit stays invisible to others at most. */
  readonly undecidedMs: number;
  /** How long a statement of the membership, its answer, or a notice is under way. */
  readonly messageMs: readonly [low: number, high: number];
  /** Ms after the start at which all faults are over and a last lot is published, which all nodes take part in. */
  readonly calmAtMs: number;
}

export interface ApplicationPlan {
  readonly organization: string;
  readonly throttleRate: number | null;
}

export interface EndpointPlan {
  readonly application: number;
  readonly ordering: Ordering;
  readonly throttleRate: number | null;
  readonly concurrency: number | null;
  readonly timeoutMs: number | null;
  readonly retryScheduleMs: readonly number[] | null;
  readonly eventTypes: readonly string[] | null;
  readonly channels: readonly string[] | null;
  readonly receiver: ReceiverPlan;
}

export interface ReceiverPlan {
  readonly kind: (typeof RECEIVERS)[number];
  /** Ms after the start from which it only answers 200; null = never. */
  readonly healsAfterMs: number | null;
  /** How long it takes to answer. */
  readonly latencyMs: readonly [low: number, high: number];
}

/** What a receiver does until it heals. */
const RECEIVERS = [
  'healthy',
  'slow',
  'erratic',
  'flapping',
  'dead',
  'refusing',
  'hanging',
  'throttling',
  'gone',
] as const;

export type Action = { readonly atMs: number } & (PublishAction | EndpointAction | NodeAction);

export type NodeAction = { readonly node: number } & (
  | { /** As by SIGKILL; started again. */ readonly kind: 'kill' }
  | { /** Stopped in an orderly way; started again. */ readonly kind: 'restart' }
  | { readonly kind: 'pause'; readonly ms: number }
  | CutOff
);

export interface CutOff {
  readonly kind: 'cut-off';
  readonly ms: number;
  /** Nobody says that the connection is gone: it is found out when an answer does not come. */
  readonly isSilent: boolean;
  /** The whole store is out of reach, not only the connection of the membership. */
  readonly isStoreAway: boolean;
}

export type EndpointAction =
  | EndpointEdit
  | { readonly kind: 'resend'; readonly endpoint: number }
  | { readonly kind: 'recover'; readonly endpoint: number };

export type EndpointEdit =
  | { readonly kind: 'disable' | 'enable' | 'edit-url' | 'remove'; readonly endpoint: number }
  | { readonly kind: 'set-concurrency'; readonly endpoint: number; readonly concurrency: number };

export interface PublishAction {
  readonly kind: 'publish';
  readonly application: number;
  readonly type: string;
  readonly channels: readonly string[] | null;
  readonly orderingKey: string | null;
  readonly retryScheduleMs: readonly number[] | null;
  /** The publisher's own id; two publishes may share one. */
  readonly eventId: string | null;
  /** Retries of this publish use the same key; without it a publish is tried once. */
  readonly idempotent: boolean;
  readonly delayMs: number;
}

export interface FaultPlan {
  /** Chances per call that writes, while the scenario is active. */
  readonly reject: number;
  readonly loseReply: number;
  readonly dieBefore: number;
  readonly dieAfter: number;
  /** Chance that the process dies while a request is on its way. */
  readonly dieInFlight: number;
  readonly restartMs: readonly [low: number, high: number];
  /** How long each call to the store, and its answer, are under way. */
  readonly storeMs: readonly [low: number, high: number];
  /** Ms after the start at which faults end. */
  readonly untilMs: number;
}

const TYPES = ['order.placed', 'order.paid', 'user.joined'];
const CHANNELS = ['north', 'south'];
const ORDERINGS: readonly Ordering[] = [
  { scope: 'endpoint', onFailure: 'block' },
  { scope: 'endpoint', onFailure: 'skip' },
  { scope: 'key', onFailure: 'block' },
  { scope: 'key', onFailure: 'skip' },
];
/** Short enough that a simulated day settles everything. */
const SCHEDULES: readonly (readonly number[])[] = [
  [1_000, 5_000, 60_000],
  [50, 200],
  [],
  [5_000, 30_000, 300_000, 900_000],
];
export const MINUTE = 60_000;

/** The scenario of a seed. */
export function makeScenario(seed: number): Scenario {
  const dice = new SeededDice(seed);
  const activeMs = dice.pick([2_000, 30_000, 10 * MINUTE]);
  const applications = makeApplications(dice.fork());
  const endpoints = makeEndpoints(dice.fork(), applications.length, activeMs);
  return {
    seed,
    restMs: 2 * MINUTE,
    cluster: null,
    settings: makeSettings(dice.fork()),
    applications,
    endpoints,
    actions: makeActions(dice.fork(), { activeMs, applications: applications.length, endpoints }),
    faults: makeFaults(dice.fork(), activeMs),
  };
}

function makeSettings(dice: SeededDice): EngineSettings {
  return {
    mainSecrets: ['a main secret for the simulation only'],
    retryScheduleMs: dice.pick(SCHEDULES.filter((schedule) => schedule.length > 0)),
    defaultSignatureType: dice.pick(['hmac256', 'ed25519'] as const),
    signatureHeaders: 'webhook',
    userAgent: 'Posthorn/sim',
    endpointHttpsOnly: false,
    disableAfterMs: dice.pick([0, 30 * MINUTE, 4 * 60 * MINUTE]),
    timeoutMs: dice.pick([500, 5_000, 15_000]),
    concurrencyPerDestination: dice.between(1, 6),
    concurrencyTotal: dice.between(3, 24),
    laneItemsMax: dice.pick([1, 3, 10, 1_000]),
    laneBytesMax: dice.pick([200, 4_000, 1_000_000]),
    memoryBytesMax: dice.pick([600, 20_000, 10_000_000]),
    historyRetentionMs: 90 * 24 * 60 * MINUTE,
    contentRetentionMs: 90 * 24 * 60 * MINUTE,
    publicUrl: 'http://localhost',
  };
}

function makeApplications(dice: SeededDice): ApplicationPlan[] {
  return Array.from({ length: dice.between(1, 3) }, () => ({
    organization: `org_sim${dice.below(2)}`,
    throttleRate: dice.chance(0.15) ? dice.pick([2, 10]) : null,
  }));
}

function makeEndpoints(dice: SeededDice, applications: number, activeMs: number): EndpointPlan[] {
  return Array.from({ length: dice.between(2, 6) }, () => ({
    application: dice.below(applications),
    ordering: dice.chance(0.45) ? dice.pick(ORDERINGS) : { scope: 'none', onFailure: 'block' },
    throttleRate: dice.chance(0.2) ? dice.pick([1, 5, 20]) : null,
    concurrency: dice.chance(0.4) ? dice.between(1, 3) : null,
    timeoutMs: dice.chance(0.3) ? dice.pick([200, 2_000]) : null,
    retryScheduleMs: dice.chance(0.4) ? dice.pick(SCHEDULES) : null,
    eventTypes: dice.chance(0.3) ? TYPES.filter(() => dice.chance(0.6)).concat(TYPES[0]!) : null,
    channels: dice.chance(0.15) ? [dice.pick(CHANNELS)] : null,
    receiver: {
      kind: dice.chance(0.35) ? 'healthy' : dice.pick(RECEIVERS),
      healsAfterMs: dice.chance(0.75) ? dice.below(activeMs * 3) : null,
      latencyMs: dice.pick([
        [0, 3],
        [5, 80],
        [100, 900],
      ]),
    },
  }));
}

function makeActions(
  dice: SeededDice,
  world: { activeMs: number; applications: number; endpoints: readonly EndpointPlan[] },
): Action[] {
  const actions: Action[] = [];
  const at = (): number => dice.below(world.activeMs);
  for (let burst = dice.between(2, 8); burst > 0; burst--) {
    const start = at();
    const application = dice.below(world.applications);
    for (let i = dice.between(1, 10); i > 0; i--) {
      actions.push({ atMs: start + dice.below(30), ...makePublish(dice, application) });
    }
  }
  const touched = (): number => dice.below(world.endpoints.length);
  for (let i = dice.below(4); i > 0; i--) actions.push({ atMs: at(), kind: 'resend', endpoint: touched() });
  for (let i = dice.below(3); i > 0; i--) actions.push({ atMs: at(), kind: 'edit-url', endpoint: touched() });
  if (dice.chance(0.3)) actions.push({ atMs: at() + world.activeMs, kind: 'recover', endpoint: touched() });
  if (dice.chance(0.2)) actions.push({ atMs: at(), kind: 'remove', endpoint: touched() });
  if (dice.chance(0.3)) {
    actions.push({
      atMs: at(),
      kind: 'set-concurrency',
      endpoint: touched(),
      concurrency: dice.between(1, 4),
    });
  }
  if (dice.chance(0.35)) {
    const endpoint = touched();
    const disabledAt = at();
    actions.push({ atMs: disabledAt, kind: 'disable', endpoint });
    if (dice.chance(0.8)) actions.push({ atMs: disabledAt + at(), kind: 'enable', endpoint });
  }
  for (let i = dice.below(3); i > 0; i--) actions.push({ atMs: at(), kind: 'kill', node: 0 });
  if (dice.chance(0.25)) actions.push({ atMs: at(), kind: 'restart', node: 0 });
  return actions.toSorted((a, b) => a.atMs - b.atMs);
}

export function makePublish(dice: SeededDice, application: number): PublishAction {
  return {
    kind: 'publish',
    application,
    type: dice.pick(TYPES),
    channels: dice.chance(0.25) ? [dice.pick(CHANNELS)] : null,
    orderingKey: dice.chance(0.6) ? dice.pick(['a', 'b']) : null,
    retryScheduleMs: dice.chance(0.1) ? dice.pick(SCHEDULES) : null,
    eventId: dice.chance(0.25) ? `own-${dice.below(30)}` : null,
    idempotent: dice.chance(0.5),
    delayMs: dice.chance(0.1) ? dice.pick([300, 5_000, 2 * MINUTE]) : 0,
  };
}

function makeFaults(dice: SeededDice, activeMs: number): FaultPlan {
  const calm = dice.chance(0.25);
  const rate = (most: number): number => (calm ? 0 : dice.uniform() * most);
  return {
    reject: rate(0.06),
    loseReply: rate(0.03),
    dieBefore: rate(0.01),
    dieAfter: rate(0.015),
    dieInFlight: rate(0.02),
    restartMs: dice.pick([
      [1, 10],
      [500, 20_000],
      [MINUTE, 20 * MINUTE],
    ]),
    storeMs: dice.pick([
      [0, 0],
      [0, 3],
      [0, 60],
    ]),
    untilMs: activeMs * 2,
  };
}
