import {
  changeEventType,
  EventTypeOut,
  EventTypePatch,
  renderEventType,
} from '../../../contract/event-type.ts';
import { defineOperation } from '../../define-operation.ts';
import { findEventType } from './find-event-type.ts';

export const patchEventType = defineOperation({
  id: 'event-type.patch',
  method: 'PATCH',
  path: '/api/v1/event-type/{event_type_name}',
  tag: 'Event type',
  summary: 'Change some members of an event type.',
  needs: { role: 'editor', scope: 'organization', permission: 'event-type:write' },
  body: EventTypePatch,
  replies: { 200: EventTypeOut },
  problems: ['conflict'],
  async handle(call) {
    const before = await findEventType(call);
    const after = { ...changeEventType(before, call.body), updatedAt: call.clock.now() };
    return call.commit('event-type.update', [{ kind: 'event-type', before, after }], {
      status: 200,
      body: renderEventType(after, { withContent: true }),
    });
  },
});
