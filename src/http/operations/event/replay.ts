import { EventReplayIn, EventReplayOut } from '../../../contract/event-replay.ts';
import { RECEIVED, renderId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import { defineOperation } from '../../define-operation.ts';
import { recordAction } from '../../record-action.ts';
import { findEvent, TAG, WRITE } from './event-of.ts';

export const replayEvent = defineOperation({
  id: 'event.replay',
  method: 'POST',
  path: '/api/v1/event/{event_id}/replay',
  tag: TAG,
  summary: 'Deliver a received event again',
  description:
    'Along the flows as they are now, or to one destination; also where it was delivered before, and while its source is paused. With retries, as if it had just come.',
  needs: WRITE,
  body: EventReplayIn,
  replies: { 202: EventReplayOut },
  problems: ['not_found', 'missing_payload', 'generic_error'],
  async handle(call) {
    const { organization, engine } = call;
    const stored = await findEvent(call, { withContent: false });
    if (stored.contentState !== 'kept')
      throw new Problem('missing_payload', 'The content of this event has expired or was expunged.');
    const ref = call.body.destination;
    const destinations =
      ref == null
        ? await engine.received.plan(organization, stored)
        : [await engine.directory.destination(organization, RECEIVED, ref)];
    for (const destination of destinations) await engine.replay(organization, destination, [stored.event.id]);
    const event = renderId(stored.event.id, 'event');
    const names = destinations.map(({ id }) => renderId(id, 'destination'));
    return recordAction(call, {
      action: 'event.replay',
      subject: `${event} to ${names.join(', ') || 'nobody'}`,
      reply: { status: 202, body: { event, destinations: names } },
    });
  },
});
