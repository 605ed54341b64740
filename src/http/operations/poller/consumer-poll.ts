import { ConsumerPollQuery, PollingEndpointOut } from '../../../contract/polling-endpoint.ts';
import { renderPosition } from '../../../core/event/poll-position.ts';
import { defineOperation } from '../../define-operation.ts';
import { firstSeq } from '../destination/find-poller.ts';
import { findConsumer, findPollerOfPath, moveConsumer, seqOf } from './consumer.ts';
import { renderPollPage } from './poll.ts';
import { readMessages } from './read-messages.ts';

export const pollAsConsumer = defineOperation({
  id: 'message.poller.consumer-poll',
  method: 'GET',
  path: '/api/v1/app/{app_id}/poller/{sink_id}/consumer/{consumer_id}',
  tag: 'Message poller',
  summary: 'Read messages as a named consumer, whose position the server keeps',
  description:
    'Passing the iterator of an answer commits everything before it: the position survives restarts of both sides. Without an iterator, reading goes on from what was last committed, so a batch that was not committed is read again (at least once).',
  needs: { role: 'viewer', scope: 'application', permission: 'message:read' },
  query: ConsumerPollQuery,
  replies: { 200: PollingEndpointOut },
  problems: ['not_found', 'conflict', 'limit_reached'],
  async handle(call) {
    const { limit, iterator } = call.query;
    const path = await findPollerOfPath(call);
    const before = await findConsumer(call, path);
    const kept = before?.iterator ?? null;
    const from = iterator === undefined || iterator === '' ? kept : renderPosition(seqOf(iterator));
    const afterSeq = from === null ? await firstSeq(call, path.applicationId, path.poller) : seqOf(from);
    const reply = renderPollPage(await readMessages(call, { ...path, afterSeq, limit }));
    if (from === kept) return reply;
    const lease = before?.lease ?? null;
    return call.commit(
      'poller-consumer.commit',
      [await moveConsumer(call, path, { before, iterator: from, lease })],
      reply,
    );
  },
});
