import type { EndpointFacts, SendFact, Violation } from '../facts.ts';
import { isManual, possibleForms, type StorySend, sendsTo } from '../story.ts';
import { broken, type Check, type Evidence } from './check.ts';
import { wrongMs } from './in-time.ts';

/** A change that was answered holds for every attempt begun this much later. */
const FRESH_MS = 1_000;
const ROUNDING = 1e-6;

/** No more requests under way than an endpoint, or the whole process, allows. */
export const withinConcurrency: Check = (evidence) => {
  const found: Violation[] = [];
  const { facts, scenario, stories } = evidence;
  for (const endpoint of facts.endpoints) {
    const sends = sendsTo(stories, endpoint).filter((send) => !isManual(send));
    for (const send of sends) {
      const limit = concurrencyAt(evidence, endpoint, send.fact.at);
      const running = countRunning(sends, send, 'tenure');
      if (running <= limit) continue;
      const detail = `request ${send.fact.order} was number ${running} under way; ${limit} are allowed`;
      found.push(broken('concurrency is never exceeded', detail, { send }));
    }
  }
  const all = facts.endpoints.flatMap((endpoint) => sendsTo(stories, endpoint));
  for (const send of all) {
    const running = countRunning(all, send, 'process');
    if (running <= scenario.settings.concurrencyTotal) continue;
    const detail = `request ${send.fact.order} was number ${running} in the process; ${scenario.settings.concurrencyTotal} are allowed`;
    found.push(broken('concurrency is never exceeded', detail, { send }));
  }
  return found;
};

function concurrencyAt({ facts, scenario }: Evidence, endpoint: EndpointFacts, at: number): number {
  const forms = possibleForms(facts, endpoint, { from: at - FRESH_MS, to: at });
  const limits = forms.map(({ form }) => form?.concurrency ?? scenario.settings.concurrencyPerDestination);
  return Math.max(1, ...limits);
}

function countRunning(
  sends: readonly StorySend[],
  { fact }: StorySend,
  within: 'tenure' | 'process',
): number {
  return sends.filter(
    ({ fact: other }) =>
      other[within] === fact[within] &&
      other.order <= fact.order &&
      (other.ended === null || other.ended.order > fact.order),
  ).length;
}

/** Never faster than the rate of an endpoint, or of its application; a second's worth may go at once. */
export const withinRate: Check = (evidence) => {
  const { facts, scenario, stories } = evidence;
  const slackMs = wrongMs(evidence);
  const found: Violation[] = [];
  for (const endpoint of facts.endpoints) {
    const sends = sendsTo(stories, endpoint).filter((send) => !isManual(send));
    found.push(...tooFast(sends, endpoint.plan.throttleRate, { isFilledAnew: true, seconds: 1, slackMs }));
  }
  for (const [index, application] of scenario.applications.entries()) {
    const sends = facts.endpoints
      .filter((endpoint) => endpoint.plan.application === index)
      .flatMap((endpoint) => sendsTo(stories, endpoint))
      .filter((send) => !isManual(send))
      .toSorted((a, b) => a.fact.order - b.fact.order);
    // Nodes lease tokens, which are good for a second, from one bucket that outlives them.
    const isLeased = scenario.cluster !== null;
    const bucket = { isFilledAnew: !isLeased, seconds: isLeased ? 2 : 1, slackMs };
    found.push(...tooFast(sends, application.throttleRate, bucket));
  }
  return found;
};

/** A bucket of our own for `seconds` at full rate; filled anew with each holder where rates are kept in memory. */
function tooFast(
  sends: readonly StorySend[],
  rate: number | null,
  { isFilledAnew, seconds, slackMs }: { isFilledAnew: boolean; seconds: number; slackMs: number },
): Violation[] {
  if (rate === null) return [];
  const full = rate * (seconds + slackMs / 1000);
  let tokens = full;
  let last: SendFact | null = null;
  for (const send of sends) {
    const { fact } = send;
    if (isFilledAnew && last?.tenure !== fact.tenure) tokens = full;
    else tokens = Math.min(full, tokens + ((fact.at - (last?.at ?? fact.at)) * rate) / 1000);
    last = fact;
    tokens -= 1;
    if (tokens < -ROUNDING) {
      return [
        broken('a rate is never exceeded', `request ${fact.order} was too early for ${rate}/s`, { send }),
      ];
    }
  }
  return [];
}

/** A change of an endpoint is seen by every attempt begun a second after it was answered. */
export const freshConfiguration: Check = ({ facts, stories }) => {
  const found: Violation[] = [];
  for (const endpoint of facts.endpoints) {
    for (const send of sendsTo(stories, endpoint)) {
      const { at, url } = send.fact;
      const forms = possibleForms(facts, endpoint, { from: at - FRESH_MS, to: at });
      const calls = forms.filter(({ form }) => form !== null && form.url === url.href);
      if (calls.length === 0) {
        const detail = `request ${send.fact.order} went to ${url.href} after that had been changed`;
        found.push(broken('a change takes effect at once', detail, { send }));
      } else if (!isManual(send) && !calls.some(({ form }) => form !== null && !form.disabled)) {
        const detail = `request ${send.fact.order} went to an endpoint that had been disabled`;
        found.push(broken('a change takes effect at once', detail, { send }));
      }
    }
  }
  return found;
};
