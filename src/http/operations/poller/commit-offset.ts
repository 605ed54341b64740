import { PollerV2CommitIn } from '../../../contract/polling-endpoint.ts';
import { renderPosition } from '../../../core/event/poll-position.ts';
import { invalid } from '../../../core/problem.ts';
import { defineOperation } from '../../define-operation.ts';
import { findConsumer, findPollerOfPath, moveConsumer, seqOf } from './consumer.ts';

export const commitOffset = defineOperation({
  id: 'message.poller.commit',
  method: 'POST',
  path: '/api/v1/app/{app_id}/polling-endpoint/{sink_id}/consumer/{consumer_id}/commit',
  tag: 'Message poller',
  summary: 'Commit the offset of the last message that was handled',
  description:
    'Everything up to it will not be read again. Committing the batch’s last offset ends its lease. A commit never moves a consumer back: use seek.',
  needs: { role: 'viewer', scope: 'application', permission: 'message:read' },
  body: PollerV2CommitIn,
  replies: { 204: null },
  problems: ['not_found', 'limit_reached'],
  async handle(call) {
    const { offset } = call.body;
    const path = await findPollerOfPath(call);
    const scope = { organization: call.organization, applicationId: path.applicationId };
    if (offset > (await call.storage.history.lastSeq(scope))) {
      throw invalid(
        ['body', 'offset'],
        'No message has this offset yet: commit the offset of a message that you read.',
      );
    }
    const before = await findConsumer(call, path);
    const kept = before === null || before.iterator === null ? -1 : seqOf(before.iterator);
    const held = before?.lease ?? null;
    const lease = held !== null && offset < held.lastOffset ? held : null;
    const reply = { status: 204, body: undefined };
    if (offset <= kept && lease === held) return reply;
    const iterator = renderPosition(Math.max(offset, kept));
    return call.commit(
      'poller-consumer.commit',
      [await moveConsumer(call, path, { before, iterator, lease })],
      reply,
    );
  },
});
