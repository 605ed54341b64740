import {
  EventTypeIn,
  EventTypeOut,
  newEventType,
  renderEventType,
  replaceEventType,
} from '../../../contract/event-type.ts';
import { newId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import { type Call, defineOperation } from '../../define-operation.ts';
import { lookUpEventType } from './find-event-type.ts';

export const createEventType = defineOperation({
  id: 'event-type.create',
  method: 'POST',
  path: '/api/v1/event-type',
  tag: 'Event type',
  summary: 'Create an event type.',
  description: 'Creating one that was archived brings it back with the new settings.',
  needs: { role: 'editor', scope: 'organization', permission: 'event-type:write' },
  body: EventTypeIn,
  replies: { 201: EventTypeOut },
  problems: ['event_type_exists', 'idempotency_key_reused'],
  async handle(call) {
    const before = await lookUpEventType(call, call.body.name);
    if (before !== null && !before.archived) {
      throw new Problem('event_type_exists', 'An event type of this name exists. PUT or PATCH it instead.');
    }
    const after =
      before === null
        ? freshEventType(call, call.body.name, call.body)
        : { ...replaceEventType(before, call.body), updatedAt: call.clock.now() };
    return call.commit('event-type.create', [{ kind: 'event-type', before, after }], {
      status: 201,
      body: renderEventType(after, { withContent: true }),
    });
  },
});

export function freshEventType(call: Call, name: string, input: Parameters<typeof newEventType>[1]) {
  const now = call.clock.now();
  return newEventType(name, input, { id: newId(now, call.dice.bytes(15)), now });
}
