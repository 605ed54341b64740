import { renderId } from '../../../core/ids.ts';
import { defineOperation } from '../../define-operation.ts';
import { recordAction } from '../../record-action.ts';
import { findEvent, scopeOf, TAG, WRITE } from './event-of.ts';

export const expungeEvent = defineOperation({
  id: 'event.expunge',
  method: 'POST',
  path: '/api/v1/event/{event_id}/expunge',
  tag: TAG,
  summary: 'Delete the content of a received event',
  description:
    'It cannot be delivered again afterwards; deliveries that still wait are canceled. That it came, and its headers, stay.',
  needs: WRITE,
  replies: { 204: null },
  problems: ['not_found'],
  async handle(call) {
    const { event } = await findEvent(call, { withContent: false });
    await call.storage.history.expungeContent(scopeOf(call), event.id);
    const subject = renderId(event.id, 'event');
    return recordAction(call, {
      action: 'event.expunge',
      subject,
      reply: { status: 204, body: undefined },
    });
  },
});
