import type { Violation } from '../facts.ts';
import { isManual, type Story, type StorySend } from '../story.ts';
import { broken, type Check } from './check.ts';

/**
 * Order is order of acceptance where it is promised: one request at a time in a line, first requests in order, and in
 * a line that blocks nothing goes before what is ahead of it is settled.
 */
export const inOrder: Check = ({ stories }) => {
  const found: Violation[] = [];
  for (const line of lines([...stories.values()])) found.push(...oneAtATime(line), ...keepsOrder(line));
  return found;
};

/** Stories that share a line, each line in order of acceptance. */
function lines(stories: readonly Story[]): Story[][] {
  const byLine = new Map<string, Story[]>();
  for (const story of stories) {
    const { scope } = story.endpoint.plan.ordering;
    if (scope === 'none' || !story.isPlanned) continue;
    const key = scope === 'key' ? (story.accept.acceptance.event.orderingKey ?? 'none') : 'all';
    const name = `${story.endpoint.index} ${key}`;
    byLine.set(name, [...(byLine.get(name) ?? []), story]);
  }
  return [...byLine.values()].map((line) => line.toSorted((a, b) => a.accept.seq - b.accept.seq));
}

function oneAtATime(line: readonly Story[]): Violation[] {
  const found: Violation[] = [];
  const sends = line
    .flatMap((story) => story.sends.map((send) => ({ story, send })))
    .filter(({ send }) => !isManual(send))
    .toSorted((a, b) => a.send.fact.order - b.send.fact.order);
  for (const [index, { story, send }] of sends.entries()) {
    const before = sends[index - 1]?.send;
    if (before === undefined || before.fact.tenure !== send.fact.tenure) continue;
    if (before.fact.ended !== null && before.fact.ended.order < send.fact.order) continue;
    if (wasCanceled(before, send.fact.order)) continue;
    const detail = `request ${send.fact.order} began before request ${before.fact.order} of its line had ended`;
    found.push(broken('a line has one request under way', detail, { story }));
  }
  return found;
}

/** What is canceled while its request is under way holds its line no longer. */
function wasCanceled({ story, fact }: StorySend, before: number): boolean {
  return story.rows.some(
    ({ canceled }) => canceled !== null && canceled.order > fact.order && canceled.order < before,
  );
}

function keepsOrder(line: readonly Story[]): Violation[] {
  const found: Violation[] = [];
  for (const [index, story] of line.entries()) {
    const first = firstSend(story);
    if (first === null) continue;
    for (const ahead of line.slice(0, index)) {
      // The promise is for what was answered: a lost answer leaves it open when the event came in.
      if (ahead.accept.told === null && ahead.accept.process === story.accept.process) continue;
      const complaint = passes(ahead, first);
      if (complaint === null) continue;
      found.push(
        broken('order holds where it is promised', `${complaint} ${ahead.accept.acceptance.event.id}`, {
          story,
        }),
      );
      break;
    }
  }
  return found;
}

/** Why the first request of a delivery should not have gone before one that is ahead of it; null = it was right. */
function passes(ahead: Story, first: StorySend): string | null {
  const { deliverAt } = ahead.accept.acceptance.event;
  const blocks = ahead.endpoint.plan.ordering.onFailure === 'block';
  // Whoever waits for an instant is passed, and then goes as soon as there is room.
  if (deliverAt > first.fact.at || (!blocks && deliverAt > 0)) return null;
  // Settled or canceled before, it had left the line; a replay of it joins anew.
  const { closed, canceled } = ahead.rows[0]!;
  const left = closed?.by.fact ?? canceled;
  if (left !== null && left.order < first.fact.order) return null;
  if (blocks) return 'it was first tried while nothing was settled of';
  const firstAhead = firstSend(ahead);
  if (firstAhead !== null && firstAhead.fact.order < first.fact.order) return null;
  return 'it was first tried before the first try of';
}

function firstSend(story: Story): StorySend | null {
  return story.sends.find((send) => !isManual(send)) ?? null;
}
