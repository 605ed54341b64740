import { EventTypeOut, renderEventType } from '../../../contract/event-type.ts';
import { defineOperation } from '../../define-operation.ts';
import { findEventType } from './find-event-type.ts';

export const getEventType = defineOperation({
  id: 'event-type.get',
  method: 'GET',
  path: '/api/v1/event-type/{event_type_name}',
  tag: 'Event type',
  summary: 'Get an event type, archived or not.',
  needs: { role: 'viewer', scope: 'application', permission: 'event-type:read' },
  replies: { 200: EventTypeOut },
  problems: [],
  async handle(call) {
    return { status: 200, body: renderEventType(await findEventType(call), { withContent: true }) };
  },
});
