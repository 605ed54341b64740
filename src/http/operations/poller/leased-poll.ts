import { LEASE_MS_DEFAULT, LeasedPollQuery, PollerV2PollOut } from '../../../contract/polling-endpoint.ts';
import { renderPosition } from '../../../core/event/poll-position.ts';
import { Problem } from '../../../core/problem.ts';
import type { Reply } from '../../../engine/engine.ts';
import { type Call, defineOperation } from '../../define-operation.ts';
import { firstSeq } from '../destination/find-poller.ts';
import { findConsumer, findPollerOfPath, moveConsumer, type PollerPath, seqOf } from './consumer.ts';
import { polledMessage, readMessages } from './read-messages.ts';

export const pollWithLease = defineOperation({
  id: 'message.poller.leased-poll',
  method: 'GET',
  path: '/api/v1/app/{app_id}/polling-endpoint/{sink_id}/consumer/{consumer_id}',
  tag: 'Message poller',
  summary: 'Take the next batch of messages on a lease',
  description:
    'Several processes may share a consumer: while one holds a batch that it has not committed, the others get 423. A batch that is not committed in time is handed out again (at least once).',
  needs: { role: 'viewer', scope: 'application', permission: 'message:read' },
  query: LeasedPollQuery,
  replies: { 200: PollerV2PollOut },
  problems: ['not_found', 'conflict', 'limit_reached', 'no_available_lease'],
  async handle(call) {
    const { limit, lease_duration_ms, starting_position } = call.query;
    const path = await findPollerOfPath(call);
    const before = await findConsumer(call, path);
    const now = call.clock.now();
    const held = before?.lease ?? null;
    if (held !== null && held.expiresAt > now) {
      const seconds = Math.ceil((held.expiresAt - now) / 1000);
      throw new Problem(
        'no_available_lease',
        `Another batch of this consumer is being handled: commit its last offset, or try again in ${seconds} s.`,
      );
    }
    const kept = before?.iterator ?? null;
    const afterSeq = kept === null ? await startingSeq(call, path, starting_position) : seqOf(kept);
    const page = await readMessages(call, { ...path, afterSeq, limit });
    const data = page.rows.map((row) => polledMessage(row, { offset: row.seq })).join(',');
    const reply: Reply = { status: 200, body: `{"data":[${data}],"done":${page.done}}`, raw: true };
    const last = page.rows.at(-1);
    // A consumer that begins with the latest must keep that place, and messages that it does not want are passed for
    // good; but a call that finds nothing new writes nothing.
    if (
      last === undefined &&
      (page.seq === afterSeq ? kept !== null || starting_position !== 'latest' : false)
    ) {
      return reply;
    }
    const lease =
      last === undefined
        ? null
        : { lastOffset: last.seq, expiresAt: now + (lease_duration_ms ?? LEASE_MS_DEFAULT) };
    const iterator = renderPosition(last === undefined ? page.seq : afterSeq);
    return call.commit(
      'poller-consumer.lease',
      [await moveConsumer(call, path, { before, iterator, lease })],
      reply,
    );
  },
});

function startingSeq(
  call: Pick<Call, 'storage' | 'organization'>,
  path: PollerPath,
  position: 'earliest' | 'latest' | undefined,
): Promise<number> {
  return position === 'latest'
    ? call.storage.history.lastSeq({ organization: call.organization, applicationId: path.applicationId })
    : firstSeq(call, path.applicationId, path.poller);
}
