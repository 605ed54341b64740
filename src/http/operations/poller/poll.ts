import { PollingEndpointOut, PollQuery } from '../../../contract/polling-endpoint.ts';
import { parseInstant } from '../../../contract/shape.ts';
import { renderPosition } from '../../../core/event/poll-position.ts';
import { invalid } from '../../../core/problem.ts';
import type { Reply } from '../../../engine/engine.ts';
import { defineOperation } from '../../define-operation.ts';
import { firstSeq } from '../destination/find-poller.ts';
import { findPollerOfPath, seqOf } from './consumer.ts';
import { polledMessage, type ReadPage, readMessages } from './read-messages.ts';

export const pollMessages = defineOperation({
  id: 'message.poller.poll',
  method: 'GET',
  path: '/api/v1/app/{app_id}/poller/{sink_id}',
  tag: 'Message poller',
  summary: 'Read messages in order of acceptance, by iterator',
  description:
    'The caller keeps the iterator: pass it to the next call, also when the page was empty. Without one, reading begins with the polling endpoint’s creation, or at `after`. A message with `deliverAt` is there as soon as it is accepted.',
  needs: { role: 'viewer', scope: 'application', permission: 'message:read' },
  query: PollQuery,
  replies: { 200: PollingEndpointOut },
  problems: ['not_found', 'conflict'],
  async handle(call) {
    const { limit, iterator, event_type, channel, after } = call.query;
    const path = await findPollerOfPath(call);
    const scope = { organization: call.organization, applicationId: path.applicationId };
    let afterSeq: number;
    if (iterator !== undefined && iterator !== '') afterSeq = seqOf(iterator);
    else if (after !== undefined) afterSeq = await call.storage.history.seqAt(scope, instant(after));
    else afterSeq = await firstSeq(call, path.applicationId, path.poller);
    const page = await readMessages(call, { ...path, afterSeq, limit, eventType: event_type, channel });
    return renderPollPage(page);
  },
});

function instant(text: string): number {
  const at = parseInstant(text);
  if (at === undefined)
    throw invalid(['query', 'after'], 'Give an RFC 3339 instant such as 2026-01-31T00:00:00Z.');
  return at;
}

export function renderPollPage(page: ReadPage): Reply {
  const data = page.rows.map((row) => polledMessage(row)).join(',');
  const iterator = JSON.stringify(renderPosition(page.seq));
  return { status: 200, body: `{"data":[${data}],"iterator":${iterator},"done":${page.done}}`, raw: true };
}
