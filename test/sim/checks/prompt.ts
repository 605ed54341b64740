import { isManual, type Story } from '../story.ts';
import { broken, type Check, type Evidence } from './check.ts';

/** Much less than it takes until lanes are looked for that nobody was told of. */
const PROMPT_MS = 8_000;
/** Of a receiver that a line of its own cannot make wait for long. */
const QUICK_MS = 200;

/** When nothing has failed for a while, whoever holds a lane hears of new work at once, whichever node took it in. */
export const promptWhenCalm: Check = (evidence) => {
  const { cluster } = evidence.scenario;
  if (cluster === null || evidence.facts.accepts.length === 0) return [];
  const calmFrom = evidence.startedAt + cluster.calmAtMs;
  return [...evidence.stories.values()]
    .filter((story) => story.accept.at >= calmFrom && story.isPlanned && isUnhindered(evidence, story))
    .flatMap((story) => {
      const first = story.sends.find((send) => !isManual(send));
      if (first !== undefined && first.fact.at - story.accept.at <= PROMPT_MS) return [];
      const waited = first === undefined ? 'never' : `after ${first.fact.at - story.accept.at} ms`;
      return [broken('new work is begun at once', `it was first tried ${waited}`, { story })];
    });
};

/** Nothing but the engine keeps a delivery from being begun. */
function isUnhindered({ facts, scenario }: Evidence, { endpoint }: Story): boolean {
  const { throttleRate, application, receiver } = endpoint.plan;
  if (receiver.latencyMs[1] > QUICK_MS) return false;
  const isLimited = throttleRate !== null || scenario.applications[application]!.throttleRate !== null;
  const hasFailed = facts.healths.some(
    (health) => health.destinationId === endpoint.id && health.health !== null,
  );
  return !isLimited && !hasFailed && endpoint.forms.every(({ form }) => form !== null && !form.disabled);
}
