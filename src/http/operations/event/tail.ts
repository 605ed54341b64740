import Type from 'typebox';
import { EVENT_TAIL_QUERY, EventTailOut, parseCursor } from '../../../contract/event.ts';
import { STRICT } from '../../../contract/shape.ts';
import { allows } from '../../../core/access/access.ts';
import { invalid, Problem } from '../../../core/problem.ts';
import { defineOperation } from '../../define-operation.ts';
import { filterOf, READ, scopeOf, TAG } from './event-of.ts';
import { follow } from './follow.ts';

export const tailEvents = defineOperation({
  id: 'event.tail',
  method: 'GET',
  path: '/api/v1/event/tail',
  tag: TAG,
  summary: 'Follow received events live',
  description:
    'Server-sent events in order of acceptance; `data:` of each is an event (EventTailOut), `id:` a cursor. Coming back with `Last-Event-ID` (or `?after=`) brings what came meanwhile, none of it twice. An event named `cursor` says how far it has looked: at the beginning, and when much was passed over. It ends after 15 minutes at the latest: come back then.',
  needs: READ,
  query: Type.Object(EVENT_TAIL_QUERY, STRICT),
  replies: { 200: EventTailOut },
  problems: ['too_many_requests'],
  async handle(call) {
    const isRaw = call.query.raw ?? false;
    if (isRaw && !allows(call.principal, { ...READ, role: 'editor' }))
      throw new Problem('insufficient access', 'Requests as they came hold credentials: ask an editor.');
    const query = await filterOf(call, call.query, ['query']);
    const given = call.headers['last-event-id'] ?? call.query.after;
    const from = given === undefined ? await call.storage.history.lastSeq(scopeOf(call)) : cursorOf(given);
    return {
      status: 200,
      body: undefined,
      headers: {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      },
      stream: (signal) => follow(call, { query, from, isRaw, isEndless: call.query.follow ?? true, signal }),
    };
  },
});

function cursorOf(text: string): number {
  const seq = parseCursor(text);
  if (seq === undefined)
    throw invalid(['query', 'after'], 'Pass the `id:` of an earlier tail, unchanged, or nothing.');
  return seq;
}
