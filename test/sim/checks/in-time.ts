import { isAnswered } from '../../../src/core/outcome.ts';
import type { HealthFact, Violation } from '../facts.ts';
import { hasDelivered, isManual, type Story, type StoryRecord, type StorySend, sendsTo } from '../story.ts';
import { broken, type Check, type Evidence } from './check.ts';
import { scheduleOf } from './nothing-lost.ts';

const JITTER = 0.2;
const RETRY_AFTER_MAX_S = 86_400;
const FAILURES_OPEN = 10;
/** The shortest pause before a probe: 30 s, less its jitter. */
const PROBE_MS = 24_000;

/** No attempt before its time: the instant it was asked for, or the end of the pause after a failure. */
export const notTooEarly: Check = (evidence) => {
  const found: Violation[] = [];
  for (const story of evidence.stories.values()) {
    const { deliverAt } = story.accept.acceptance.event;
    // Whoever asks for a replay asks for it now.
    const replayed = story.rows[1]?.opened.order ?? Number.POSITIVE_INFINITY;
    for (const send of story.sends) {
      if (send.fact.order < replayed && send.fact.sentAt < deliverAt) {
        const detail = `request ${send.fact.order} went ${deliverAt - send.fact.sentAt} ms too early`;
        found.push(broken('a delayed event waits for its instant', detail, { story }));
      }
    }
    for (const record of story.records) found.push(...pauseIsRight(evidence, story, record));
  }
  return found;
};

function pauseIsRight(evidence: Evidence, story: Story, record: StoryRecord): Violation[] {
  const { next, attempt } = record.fact.record;
  if (next.kind !== 'waiting') return [];
  const found: Violation[] = [];
  const delayMs = scheduleOf(evidence, story)[next.attempts - 1] ?? 0;
  const ended = attempt.startedAt + (record.send === null ? 0 : attempt.durationMs);
  const outcome = record.send?.fact.outcome;
  const asked = outcome && isAnswered(outcome) ? Number(outcome.retryAfter ?? 0) : 0;
  const least = Math.max(delayMs * (1 - JITTER), Math.min(asked, RETRY_AFTER_MAX_S) * 1000);
  const most = Math.max(delayMs * (1 + JITTER), Math.min(asked, RETRY_AFTER_MAX_S) * 1000);
  const pauseMs = next.dueAt - ended;
  const slackMs = 1 + wrongMs(evidence);
  if (pauseMs < least - slackMs || pauseMs > most + slackMs) {
    const detail = `after attempt ${attempt.number} the pause is ${pauseMs} ms instead of ${least} to ${most}`;
    found.push(broken('retries keep their schedule', detail, { story }));
  }
  const again = story.sends.find((send) => send.fact.order > record.fact.order && !isManual(send));
  const hurried = evidence.facts.hurries.some(
    (hurry) => hurry.destinationId === story.endpoint.id && hurry.order > record.fact.order,
  );
  if (again !== undefined && again.fact.sentAt < next.dueAt && !hurried) {
    const detail = `request ${again.fact.order} went ${next.dueAt - again.fact.sentAt} ms before it was due`;
    found.push(broken('no attempt before its due time', detail, { story }));
  }
  return found;
}

/** How much a node's idea of the time may change while a request is under way: what a message takes. */
export function wrongMs({ scenario }: Evidence): number {
  return scenario.cluster === null ? 0 : 2 * scenario.cluster.messageMs[1];
}

/** While a circuit is open, or an endpoint asked for a pause, nothing goes but one probe at its time. */
export const circuitHolds: Check = ({ facts, stories }) => {
  const found: Violation[] = [];
  for (const endpoint of facts.endpoints) {
    const sends = sendsTo(stories, endpoint);
    const healths = facts.healths.filter((health) => health.destinationId === endpoint.id);
    for (const send of sends) {
      if (isManual(send)) continue;
      const complaint = goesPastDoor(send, sends, healths) ?? goesAfterFailures(send, sends, healths);
      if (complaint !== null) found.push(broken('an open circuit lets nothing through', complaint, { send }));
    }
  }
  return found;
};

function goesPastDoor(
  send: StorySend,
  sends: readonly StorySend[],
  healths: readonly HealthFact[],
): string | null {
  const known = healths.findLast((health) => health.order < send.fact.order);
  if (known === undefined || known.health === null) return null;
  const { circuit, probeAt, throttledUntil } = known.health;
  const cause = sends.findLast((other) => other.fact.ended !== null && other.fact.ended.order < known.order);
  const since = cause?.fact.ended?.order ?? known.order;
  // A change of the endpoint forgives: what was on its way to the store then says nothing any more.
  const wasForgiven = healths.some(
    ({ health, told }) =>
      health === null && told !== null && told.order > since && told.order < send.fact.order,
  );
  if (wasForgiven) return null;
  const hasRecovered = sends.some(
    (other) =>
      hasDelivered(other) && other.fact.ended!.order > since && other.fact.ended!.order < send.fact.order,
  );
  if (hasRecovered) return null;
  const opensAt = Math.max(throttledUntil, circuit === 'open' ? probeAt : 0);
  const { order, sentAt } = send.fact;
  if (sentAt < opensAt) return `request ${order} went ${opensAt - sentAt} ms too early`;
  const probes = sends.filter(
    (other) =>
      other !== send &&
      !isManual(other) &&
      other.fact.tenure === send.fact.tenure &&
      other.fact.order > known.order &&
      other.fact.order < send.fact.order &&
      (other.fact.ended === null || other.fact.ended.order > send.fact.order),
  );
  if (circuit === 'open' && probes.length > 0) return `request ${send.fact.order} is a second probe`;
  return null;
}

/** Our own count, so that a health that is never written is noticed too. */
function goesAfterFailures(
  send: StorySend,
  sends: readonly StorySend[],
  healths: readonly HealthFact[],
): string | null {
  const forgiven = healths.findLast(
    (fact) => fact.order < send.fact.order && fact.health === null && !fact.isOfAttempt,
  );
  // The engine starts anew when it learns that the store has forgotten, a little later than the store does.
  const forgotten = forgiven === undefined ? 0 : (forgiven.told?.order ?? forgiven.order);
  const ended = sends
    .filter(
      ({ fact, record }) => fact.ended !== null && fact.ended.order < send.fact.order && record !== null,
    )
    .toSorted((a, b) => a.fact.ended!.order - b.fact.ended!.order);
  const failures: StorySend[] = [];
  for (const other of ended) {
    if (other.fact.ended!.order < forgotten) continue;
    if (hasDelivered(other)) failures.length = 0;
    else failures.push(other);
  }
  if (failures.length < FAILURES_OPEN) return null;
  const last = failures.at(-1)!.fact.ended!.at;
  const opened = failures[FAILURES_OPEN - 1]!.fact.ended!.at;
  // Answers of requests that were under way when it opened do not move the probe.
  const isTooEarly = send.fact.at < opened + PROBE_MS && send.fact.at >= last;
  return isTooEarly
    ? `request ${send.fact.order} went right after ${failures.length} failures in a row`
    : null;
}
