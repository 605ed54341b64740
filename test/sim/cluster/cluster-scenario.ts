/** What one seed makes happen to several nodes on one store: the scenario of one process, made short, and their faults. */
import { SeededDice } from '../../support/seeded-dice.ts';
import {
  type Action,
  type ApplicationPlan,
  type EndpointPlan,
  MINUTE,
  makePublish,
  makeScenario,
  type NodeAction,
  type Scenario,
} from '../scenario.ts';

/** From the last fault until the cluster is as it should be: a lease, a judgment, a start. */
const RECOVERY_MS = 15_000;
const LAST_LOT = 6;
/** Those that take their time are under way when a lease ends. */
const LATENCIES_MS: readonly (readonly [low: number, high: number])[] = [
  [0, 3],
  [20, 150],
  [500, 4_000],
];
const PAUSES_MS = [300, 1_500, 2_900, 3_400, 6_000, 12_000];

export function makeClusterScenario(seed: number): Scenario {
  const scenario = makeScenario(seed);
  const dice = new SeededDice(seed ^ 0xc1a57e4);
  const activeMs = dice.pick([4_000, 12_000, 30_000]);
  const scale = activeMs / Math.max(1, ...scenario.actions.map(({ atMs }) => atMs));
  const nodes = dice.between(2, 4);
  const calmAtMs = activeMs * 1.3 + RECOVERY_MS;
  const endpoints = scenario.endpoints.map((plan) => shortLived(dice, plan, activeMs));
  const asked = scenario.actions
    .filter((action) => !('node' in action))
    .map((action) => inTime(action, scale));
  const actions = [
    ...asked,
    ...makeFaults(dice.fork(), { nodes, activeMs, asked }),
    ...changesOfMind(dice.fork(), { nodes, activeMs, endpoints }),
    ...lastLot(dice.fork(), scenario.applications, calmAtMs),
  ];
  return {
    ...scenario,
    endpoints,
    actions: actions.toSorted((a, b) => a.atMs - b.atMs),
    settings: {
      ...scenario.settings,
      timeoutMs: dice.pick([5_000, 12_000]),
      retryScheduleMs: dice.pick([
        [50, 200],
        [1_000, 5_000],
        [200, 2_000, 8_000],
      ]),
    },
    faults: {
      ...scenario.faults,
      restartMs: dice.pick([
        [1, 10],
        [500, 8_000],
      ]),
      untilMs: activeMs * 1.3,
    },
    restMs: 40_000,
    cluster: {
      aheadMs: Array.from({ length: nodes }, () => (dice.chance(0.5) ? 0 : dice.between(-3, 3) * MINUTE)),
      undecidedMs: dice.pick([0, 5, 60]),
      messageMs: dice.pick([
        [0, 0],
        [0, 4],
        [0, 60],
      ]),
      calmAtMs,
    },
  };
}

/** Everything is settled within minutes, since nodes renew their leases all the while. */
function shortLived(dice: SeededDice, plan: EndpointPlan, activeMs: number): EndpointPlan {
  return {
    ...plan,
    retryScheduleMs: plan.retryScheduleMs === null ? null : dice.pick([[50, 200], [1_000, 5_000], []]),
    receiver: {
      ...plan.receiver,
      healsAfterMs: dice.below(activeMs),
      latencyMs: dice.pick(plan.timeoutMs === null ? LATENCIES_MS : LATENCIES_MS.slice(0, 2)),
    },
  };
}

function inTime(action: Action, scale: number): Action {
  const atMs = Math.floor(action.atMs * scale);
  return action.kind === 'publish'
    ? {
        ...action,
        atMs,
        delayMs: Math.min(action.delayMs, 5_000),
        retryScheduleMs: action.retryScheduleMs && [50, 200],
      }
    : { ...action, atMs };
}

/** Most of them soon after something was asked for, so that work is under way. */
function makeFaults(
  dice: SeededDice,
  { nodes, activeMs, asked }: { nodes: number; activeMs: number; asked: readonly Action[] },
): Action[] {
  const at = (): number =>
    dice.chance(0.7) ? dice.pick(asked).atMs + dice.below(dice.pick([20, 400, 3_000])) : dice.below(activeMs);
  return Array.from({ length: dice.between(2, 9) }, () => ({
    atMs: at(),
    ...makeFault(dice, dice.below(nodes)),
  }));
}

function makeFault(dice: SeededDice, node: number): NodeAction {
  switch (dice.below(6)) {
    case 0:
      return { kind: 'kill', node };
    case 1:
      return { kind: 'restart', node };
    case 2:
    case 3:
      return { kind: 'pause', node, ms: dice.pick(PAUSES_MS) };
    default:
      return {
        ...{ kind: 'cut-off', node, ms: dice.pick(PAUSES_MS) },
        ...{ isSilent: dice.chance(0.5), isStoreAway: dice.chance(0.3) },
      };
  }
}

/** An endpoint is disabled and soon enabled again, while whoever cancels what waits for it is stopped in the middle. */
function changesOfMind(
  dice: SeededDice,
  { nodes, activeMs, endpoints }: { nodes: number; activeMs: number; endpoints: readonly EndpointPlan[] },
): Action[] {
  if (!dice.chance(0.3)) return [];
  const at = dice.below(activeMs);
  const endpoint = dice.below(endpoints.length);
  const publish = (): Action => ({
    ...makePublish(dice, endpoints[endpoint]!.application),
    ...{ delayMs: 0, atMs: at },
  });
  const awake = dice.below(nodes);
  const paused = Array.from({ length: nodes }, (_, node) => node).filter((node) => node !== awake);
  return [
    ...Array.from({ length: 3 }, publish),
    { kind: 'disable', endpoint, atMs: at + dice.below(100) },
    ...paused.map((node): Action => ({ kind: 'pause', node, ms: 6_000, atMs: at + dice.between(20, 220) })),
    { kind: 'enable', endpoint, atMs: at + dice.between(400, 4_000) },
    ...Array.from({ length: 3 }, () => ({ ...publish(), atMs: at + dice.between(4_000, 6_200) })),
  ];
}

function lastLot(dice: SeededDice, applications: readonly ApplicationPlan[], atMs: number): Action[] {
  return applications.flatMap((_, application) =>
    Array.from({ length: LAST_LOT }, () => ({
      ...makePublish(dice, application),
      ...{ atMs: atMs + dice.below(3_000), delayMs: 0, eventId: null },
    })),
  );
}
