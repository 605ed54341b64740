import {
  checkEventTypeName,
  EventTypeOut,
  EventTypeUpdate,
  renderEventType,
  replaceEventType,
} from '../../../contract/event-type.ts';
import { defineOperation } from '../../define-operation.ts';
import { freshEventType } from './create.ts';
import { lookUpEventType } from './find-event-type.ts';

export const updateEventType = defineOperation({
  id: 'event-type.update',
  method: 'PUT',
  path: '/api/v1/event-type/{event_type_name}',
  tag: 'Event type',
  summary: 'Create or replace an event type.',
  description: 'Members left out go back to their defaults.',
  needs: { role: 'editor', scope: 'organization', permission: 'event-type:write' },
  body: EventTypeUpdate,
  replies: { 200: EventTypeOut, 201: EventTypeOut },
  problems: ['conflict'],
  async handle(call) {
    const name = checkEventTypeName(call.params.event_type_name!);
    const before = await lookUpEventType(call, name);
    const after =
      before === null
        ? freshEventType(call, name, call.body)
        : { ...replaceEventType(before, call.body), updatedAt: call.clock.now() };
    return call.commit(
      before === null ? 'event-type.create' : 'event-type.update',
      [{ kind: 'event-type', before, after }],
      {
        status: before === null ? 201 : 200,
        body: renderEventType(after, { withContent: true }),
      },
    );
  },
});
