import Type from 'typebox';
import { defineOperation } from '../../define-operation.ts';
import { findEventType } from './find-event-type.ts';

export const deleteEventType = defineOperation({
  id: 'event-type.delete',
  method: 'DELETE',
  path: '/api/v1/event-type/{event_type_name}',
  tag: 'Event type',
  summary: 'Archive an event type, or remove it with `expunge=true`.',
  description: 'Endpoints can no longer choose it; messages of this type can still be sent.',
  needs: { role: 'editor', scope: 'organization', permission: 'event-type:write' },
  query: Type.Object({ expunge: Type.Optional(Type.Boolean({ description: 'Remove it for good.' })) }),
  replies: { 204: null },
  problems: [],
  async handle(call) {
    const before = await findEventType(call);
    const done = { status: 204, body: undefined };
    if (call.query.expunge === true) {
      return call.commit('event-type.expunge', [{ kind: 'event-type', before, after: null }], done);
    }
    if (before.archived) return done;
    const after = { ...before, archived: true };
    return call.commit('event-type.archive', [{ kind: 'event-type', before, after }], done);
  },
});
