import { ConsumerSeekIn, ConsumerSeekOut } from '../../../contract/polling-endpoint.ts';
import { parseInstant } from '../../../contract/shape.ts';
import { renderPosition } from '../../../core/event/poll-position.ts';
import { invalid } from '../../../core/problem.ts';
import { defineOperation } from '../../define-operation.ts';
import { findConsumer, findPollerOfPath, moveConsumer } from './consumer.ts';

export const seekConsumer = defineOperation({
  id: 'message.poller.consumer-seek',
  method: 'POST',
  path: '/api/v1/app/{app_id}/poller/{sink_id}/consumer/{consumer_id}/seek',
  tag: 'Message poller',
  summary: 'Set where a consumer reads on',
  description: 'Backwards or forwards, within what is kept. A batch that it holds is given up.',
  needs: { role: 'viewer', scope: 'application', permission: 'message:read' },
  body: ConsumerSeekIn,
  replies: { 200: ConsumerSeekOut },
  problems: ['not_found', 'limit_reached'],
  async handle(call) {
    const after = parseInstant(call.body.after);
    if (after === undefined) {
      throw invalid(['body', 'after'], 'Give an RFC 3339 instant such as 2026-01-31T00:00:00Z.');
    }
    const path = await findPollerOfPath(call);
    const scope = { organization: call.organization, applicationId: path.applicationId };
    const iterator = renderPosition(await call.storage.history.seqAt(scope, after));
    const before = await findConsumer(call, path);
    return call.commit(
      'poller-consumer.seek',
      [await moveConsumer(call, path, { before, iterator, lease: null })],
      {
        status: 200,
        body: { iterator },
      },
    );
  },
});
