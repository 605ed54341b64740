/** What became of an event, for whoever sent it to a source whose answer is `poll`. The URL is the only key to it. */
import { overallState, STATE_NAMES } from '../core/delivery/state-name.ts';
import { type EventId, parseId, RECEIVED, renderId } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import type { HttpAnswer } from '../core/verification/verifier.ts';
import type { History } from '../ports/history.ts';
import type { IncomingCall } from './engine.ts';
import type { LiveSource } from './live-source.ts';

const STATUS_PATH = /^\/events\/(evt_[0-9A-Za-z]{27})$/;

/** null = the call asks for no state. Problem not_found: this source has no such event. */
export async function sourceStatus(
  { organization, source }: LiveSource,
  { method, sub }: IncomingCall,
  history: Pick<History, 'findEvent' | 'listDestinationStates'>,
): Promise<HttpAnswer | null> {
  if (source.answer.kind !== 'poll' || (method !== 'GET' && method !== 'HEAD')) return null;
  const id = parseId<'event'>(STATUS_PATH.exec(sub)?.[1] ?? '', 'event') as EventId | undefined;
  if (id === undefined) return null;
  const scope = { organization, applicationId: RECEIVED };
  const found = await history.findEvent(scope, { id }, { withContent: false });
  if (found?.event.received?.sourceId !== source.id)
    throw new Problem('not_found', 'This source has no such event: take the URL from the Location header.');
  const states = await history.listDestinationStates(scope, id);
  const body = {
    id: renderId(id, 'event'),
    state: overallState(states.map(({ status }) => status)),
    deliveries: states.map(({ destinationId, status }) => ({
      destination: renderId(destinationId, 'destination'),
      state: STATE_NAMES[status],
    })),
  };
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
    body: JSON.stringify(body),
  };
}
