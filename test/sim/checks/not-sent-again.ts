import type { Violation } from '../facts.ts';
import { diedAfter, type Row, type Story, type StorySend, wasFenced } from '../story.ts';
import { broken, type Check } from './check.ts';

/**
 * What is settled or canceled is not sent again unless somebody asked for it, and never twice at a time. The one
 * exception is counted elsewhere: a sender that dies, or is declared dead, between sending and recording.
 */
export const notSentAgain: Check = ({ facts, stories }) => {
  const found: Violation[] = [];
  for (const story of stories.values()) {
    for (const send of story.sends) {
      const open = story.rows.filter((row) => isOpen(row, send));
      const others = story.sends.filter((other) => other !== send && isUnderWay(other, send));
      if (open.length === 0) {
        found.push(
          broken('a settled delivery is not sent again', `request ${send.fact.order} has no reason`, {
            story,
          }),
        );
      } else if (others.length >= open.length) {
        const detail = `request ${send.fact.order} was made while ${others.length} other was under way`;
        found.push(broken('a delivery is made by one request at a time', detail, { story }));
      }
      if (send.record === null && !diedAfter(facts, send.fact) && !wasFenced(facts, send.fact)) {
        const detail = `request ${send.fact.order} was never recorded although its process lived on`;
        found.push(broken('every attempt is recorded', detail, { story }));
      }
    }
    for (const { fact, send } of story.records) {
      if (send !== null || fact.record.attempt.outcome === 'canceled') continue;
      const detail = `attempt ${fact.record.attempt.id} was recorded, but nothing was sent then`;
      found.push(broken('every recorded attempt was made', detail, { story }));
    }
  }
  return found;
};

/** How many requests repeated one whose result was lost with its process. */
export function countRepeats(stories: ReadonlyMap<string, Story>): number {
  let repeats = 0;
  for (const { sends } of stories.values()) {
    repeats += sends.filter((send, index) => send.record === null && index < sends.length - 1).length;
  }
  return repeats;
}

/** The sender knows that its row is settled when the answer is in; a later process reads it in the store. */
function isOpen(row: Row, { fact }: StorySend): boolean {
  if (row.opened.order > fact.order) return false;
  if (row.canceled !== null) return fact.order < row.canceled.order;
  if (row.closed === null) return true;
  const { by } = row.closed;
  if (fact.process !== by.fact.process) return fact.order < by.fact.order;
  const isOwn = by.fact.record.attempt.trigger === row.trigger;
  if (isOwn) return fact.order < (by.send?.fact.ended ?? by.fact).order;
  // A resend settled it too. What was started in the very instant in which the sender was told was decided before.
  return by.fact.told === null || fact.at <= by.fact.told.at;
}

function isUnderWay({ fact: other }: StorySend, { fact }: StorySend): boolean {
  if (other.process !== fact.process || other.tenure !== fact.tenure || other.order > fact.order)
    return false;
  return other.ended === null || other.ended.order > fact.order;
}
