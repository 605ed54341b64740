import { headerOf } from '../../support/scripted-wire.ts';
import type { Violation } from '../facts.ts';
import { broken, type Check } from './check.ts';

/** Every attempt carries the event's own id and exactly the bytes that were published, signed at that instant. */
export const sameMessage: Check = ({ facts, stories }) => {
  const found: Violation[] = [];
  for (const story of stories.values()) {
    const { content } = story.accept.acceptance;
    for (const { fact } of story.sends) {
      if (Buffer.compare(fact.body, content) !== 0) {
        found.push(
          broken('payloads are kept byte for byte', `request ${fact.order} had another body`, { story }),
        );
      }
      const stamp = headerOf(fact.headers, 'webhook-timestamp');
      if (
        stamp !== String(Math.floor(fact.sentAt / 1000)) ||
        !/^v1a?,/.test(headerOf(fact.headers, 'webhook-signature'))
      ) {
        found.push(
          broken('every attempt is signed', `request ${fact.order} has no fresh signature`, { story }),
        );
      }
    }
  }
  const known = new Set(facts.accepts.map((accept) => accept.acceptance.event.id as string));
  for (const send of facts.sends) {
    if (known.has(send.eventId)) continue;
    const detail = `request ${send.order} has the webhook-id ${send.eventId}, which was never accepted`;
    found.push({
      promise: 'all attempts of a delivery have the same webhook-id',
      detail,
      about: [send.eventId],
    });
  }
  return found;
};

/** The same idempotency key, or the same id of the publisher's, is the same event. */
export const publishedOnce: Check = ({ facts }) => {
  const found: Violation[] = [];
  const idOf = new Map<string, string>();
  for (const publish of facts.publishes) {
    const { answer, idempotencyKey, action } = publish;
    if (answer === null) continue;
    // An event id answers to the first event that had it, whatever key it came with.
    const names = [
      ...(idempotencyKey === null ? [] : [`key ${idempotencyKey}`]),
      ...(action.eventId === null
        ? []
        : [`event id ${action.eventId} of application ${publish.application}`]),
    ];
    for (const name of names) {
      const before = idOf.get(name);
      idOf.set(name, before ?? answer.id);
      if (before === undefined || before === answer.id) continue;
      const detail = `publish ${publish.number} with ${name} became ${answer.id}, an earlier one was ${before}`;
      found.push({ promise: 'a repeated publish is one event', detail, about: [before, answer.id] });
    }
  }
  const stored = new Map<string, string>();
  for (const { acceptance } of facts.accepts) {
    const hash = acceptance.idempotency && Buffer.from(acceptance.idempotency.keyHash).toString('hex');
    if (hash === null) continue;
    const before = stored.get(hash);
    stored.set(hash, acceptance.event.id);
    if (before === undefined) continue;
    const detail = `${acceptance.event.id} was stored under the idempotency key of ${before}`;
    found.push({ promise: 'a repeated publish is one event', detail, about: [before, acceptance.event.id] });
  }
  return found;
};
