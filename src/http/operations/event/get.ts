import { createHash } from 'node:crypto';
import type { Static } from 'typebox';
import { type EventDeliveryOut, renderDelivery, renderEventAttempt } from '../../../contract/delivery.ts';
import { EventStoryOut, maskedPairs } from '../../../contract/event.ts';
import type { Attempt } from '../../../core/delivery/delivery.ts';
import type { DestinationId, EventId } from '../../../core/ids.ts';
import type { StoredEvent } from '../../../ports/history.ts';
import { type Call, defineOperation } from '../../define-operation.ts';
import { eventOut, findEvent, READ, scopeOf, TAG } from './event-of.ts';

/** Of all its deliveries together. */
const ATTEMPTS_SHOWN = 250;

export const getEvent = defineOperation({
  id: 'event.get',
  method: 'GET',
  path: '/api/v1/event/{event_id}',
  tag: TAG,
  summary: 'Get a received event’s whole story: what came, and what became of it',
  needs: READ,
  replies: { 200: EventStoryOut },
  problems: ['not_found'],
  async handle(call) {
    const stored = await findEvent(call, { withContent: true });
    const { event, content, contentState } = stored;
    const { proof } = event.received!;
    const body: Static<typeof EventStoryOut> = {
      ...eventOut(await call.engine.received.read(stored)),
      proof: proof === null ? null : { scheme: proof.scheme, key: proof.key },
      rawHeaders: maskedPairs(event),
      raw: {
        size: content?.length ?? null,
        sha256: content === null ? null : createHash('sha256').update(content).digest('hex'),
        contentType: event.contentType,
        available: content !== null && contentState === 'kept',
      },
      suggestedProviders: await guesses(call, stored),
      deliveries: await deliveriesOf(call, event.id),
    };
    return { status: 200, body };
  },
});

type StoryCall = Pick<Call, 'engine' | 'storage' | 'organization'>;

async function guesses({ engine, storage, organization }: StoryCall, stored: StoredEvent): Promise<string[]> {
  const { sourceId } = stored.event.received!;
  const source = await storage.catalog.find(organization, 'source', { id: sourceId }, null);
  return source?.provider === 'none' ? [...engine.received.guess(stored)] : [];
}

async function deliveriesOf(call: StoryCall, eventId: EventId): Promise<Static<typeof EventDeliveryOut>[]> {
  const { history } = call.storage;
  const scope = scopeOf(call);
  const states = await history.listDestinationStates(scope, eventId);
  if (states.length === 0) return [];
  const hub = await call.engine.directory.hub(call.organization);
  const page = { after: null, direction: 'ascending', limit: ATTEMPTS_SHOWN + 1 } as const;
  const listed = await history.listAttempts(scope, { eventId }, page);
  const attempts = listed.slice(0, ATTEMPTS_SHOWN).map(({ attempt }) => attempt);
  const nameOf = (id: DestinationId): string | null => {
    const destination = hub.byId.get(id)?.destination;
    return destination === undefined ? null : destination.description || destination.uid || destination.url;
  };
  return states.map((state) => ({
    ...renderDelivery(eventId, state),
    destinationName: nameOf(state.destinationId),
    attempts: attempts.filter((attempt) => isAt(attempt, state.destinationId)).map(renderEventAttempt),
    attemptsTruncated: listed.length > ATTEMPTS_SHOWN,
  }));
}

function isAt({ destinationId }: Attempt, id: DestinationId): boolean {
  return destinationId === id;
}
