import { scheduleFor } from '../../../src/core/delivery/settle.ts';
import type { Violation } from '../facts.ts';
import { hasDelivered, type Story, storyKey } from '../story.ts';
import { broken, type Check, type Evidence } from './check.ts';

/**
 * What was accepted is never lost: each planned destination has it, or its schedule ran out after exactly the right
 * number of attempts, or it was canceled for a reason.
 */
export const nothingLost: Check = (evidence) => {
  const found: Violation[] = [];
  for (const [key, story] of evidence.stories) {
    if (story.rows.length === 0) continue;
    const state = evidence.final.states.get(key);
    const complaint = complain(evidence, story, state);
    if (complaint !== null) found.push(broken('an accepted event is never lost', complaint, { story }));
  }
  for (const publish of evidence.facts.publishes) {
    const { answer } = publish;
    if (answer === null || [...evidence.stories.values()].some((story) => isOf(story, answer.id))) continue;
    found.push({
      promise: 'an accepted event is never lost',
      detail: `publish ${publish.number} was answered ${answer.kind} ${answer.id}, which the store never took`,
      about: [answer.id],
    });
  }
  return found;
};

function isOf(story: Story, eventId: string): boolean {
  return story.accept.acceptance.event.id === eventId;
}

function complain(evidence: Evidence, story: Story, state: string | undefined): string | null {
  // What is removed takes its deliveries along.
  if (story.endpoint.forms.at(-1)?.form === null) return null;
  switch (state) {
    case 'delivered':
      return story.sends.some(hasDelivered)
        ? null
        : 'it counts as delivered, but no request for it succeeded';
    case 'failed':
      return complainOfFailed(evidence, story);
    case 'canceled':
      return wasStopped(story)
        ? null
        : 'it was canceled although its endpoint was not disabled or removed meanwhile';
    default:
      return `its state at the end is ${state ?? 'unknown'}`;
  }
}

function complainOfFailed(evidence: Evidence, story: Story): string | null {
  const row = story.rows.findLast((candidate) => candidate.trigger === 'scheduled');
  const last = story.records.findLast(({ fact }) => fact.record.attempt.outcome !== 'canceled');
  // A resend that failed gave the pair its state, whatever became of the delivery before.
  if (row === undefined || row.closed === null || (last !== undefined && last !== row.closed.by)) return null;
  const closing = row.closed.by.fact;
  const attempts = story.records.filter(
    ({ fact }) =>
      fact.record.attempt.trigger === 'scheduled' &&
      fact.order > row.opened.order &&
      fact.order <= closing.order,
  ).length;
  const expected = scheduleOf(evidence, story).length + 1;
  const { statusCode } = closing.record.attempt;
  if (attempts === expected || (statusCode === 410 && attempts < expected)) return null;
  return `it failed after ${attempts} automatic attempts instead of ${expected}`;
}

/** The scenario never edits a schedule, so the endpoint's is the planned one. */
export function scheduleOf({ scenario }: Evidence, { accept, endpoint }: Story): readonly number[] {
  return scheduleFor({
    message: accept.acceptance.event.retryScheduleMs,
    destination: endpoint.plan.retryScheduleMs,
    eventType: null,
    global: scenario.settings.retryScheduleMs,
  });
}

/** Somebody had disabled or removed the endpoint between the delivery's coming in and its end. */
function wasStopped({ endpoint: { forms }, rows }: Story): boolean {
  return rows.some(({ opened, canceled }) =>
    forms.some(({ form, order }, index) => {
      if (canceled === null || (form !== null && !form.disabled)) return false;
      const until = forms[index + 1]?.order ?? Number.POSITIVE_INFINITY;
      return order < canceled.order && until > opened.order;
    }),
  );
}

/** The store's history tells the same story as the network and the writes did. */
export const historyAgrees: Check = ({ stories, final }) => {
  const found: Violation[] = [];
  for (const [key, story] of stories) {
    const kept = (final.attempts.get(key) ?? []).filter((attempt) => attempt.outcome !== 'canceled');
    const made = story.records.filter(({ fact }) => fact.record.attempt.outcome !== 'canceled');
    if (kept.length === made.length) continue;
    const detail = `${made.length} attempts were recorded, and history has ${kept.length}`;
    found.push(broken('every attempt is in history, once', detail, { story }));
  }
  return found;
};

/** The destinations of an event are those that wanted it when it was accepted. */
export const plannedRight: Check = ({ facts, stories }) => {
  const found: Violation[] = [];
  for (const publish of facts.publishes) {
    if (publish.answer === null || publish.answer.kind !== 'accepted') continue;
    for (const endpoint of facts.endpoints) {
      const story = stories.get(storyKey(publish.answer.id, endpoint.id));
      if (story === undefined) continue;
      const to = story.accept.at;
      const forms = endpoint.forms.filter((form, index) => {
        const later = endpoint.forms.slice(index + 1);
        return (
          form.at <= to &&
          !later.some((next) => (next.told?.at ?? Number.POSITIVE_INFINITY) < publish.called.at)
        );
      });
      const wants = forms.map(({ form }) => form !== null && isWanted(form, publish));
      if (endpoint.plan.application !== publish.application) wants.splice(0, wants.length, false);
      if (wants.every((want) => want !== story.isPlanned)) {
        const detail = story.isPlanned
          ? 'it was planned for an endpoint that does not want it'
          : 'it was not planned for an endpoint that wants it';
        found.push(broken('an event goes to those who want it', detail, { story }));
      }
    }
  }
  return found;
};

function isWanted(
  form: { disabled: boolean; eventTypes: readonly string[] | null; channels: readonly string[] | null },
  { action }: { action: { type: string; channels: readonly string[] | null } },
): boolean {
  if (form.disabled) return false;
  if (form.eventTypes !== null && !form.eventTypes.includes(action.type)) return false;
  return (
    form.channels === null || (action.channels?.some((channel) => form.channels!.includes(channel)) ?? false)
  );
}
