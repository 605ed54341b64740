import { EmptyOut } from '../../../contract/attempt.ts';
import { RECEIVED, renderId } from '../../../core/ids.ts';
import { defineOperation } from '../../define-operation.ts';
import { recordAction } from '../../record-action.ts';
import { findEvent } from '../event/event-of.ts';
import { TAG, WRITE } from './delivery-of.ts';

export const resendDelivery = defineOperation({
  id: 'delivery.resend',
  method: 'POST',
  path: '/api/v1/delivery/{event_id}/{destination_id}/resend',
  tag: TAG,
  summary: 'Send a received event to a destination once more',
  description:
    'One attempt. When it fails, automatic retries go on as they were; when it succeeds, they end.',
  needs: WRITE,
  replies: { 202: EmptyOut },
  problems: ['not_found', 'missing_payload', 'generic_error'],
  async handle(call) {
    const { event } = await findEvent(call, { withContent: false });
    const ref = call.params.destination_id ?? '';
    const destination = await call.engine.directory.destination(call.organization, RECEIVED, ref);
    await call.engine.resend(call.organization, destination, event.id);
    const subject = `${renderId(event.id, 'event')} to ${renderId(destination.id, 'destination')}`;
    return recordAction(call, { action: 'delivery.resend', subject, reply: { status: 202, body: {} } });
  },
});
