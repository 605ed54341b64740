import { createHash } from 'node:crypto';
import { renderTaskStarted, TaskStartedOut } from '../../../contract/background-task.ts';
import { EventBulkReplayIn } from '../../../contract/event-replay.ts';
import { RECEIVED } from '../../../core/ids.ts';
import { invalid, Problem } from '../../../core/problem.ts';
import { defineOperation } from '../../define-operation.ts';
import { filterOf, TAG, WRITE } from './event-of.ts';

const RATE_DEFAULT = 50;

export const bulkReplayEvents = defineOperation({
  id: 'event.bulk-replay',
  method: 'POST',
  path: '/api/v1/event/replay',
  tag: TAG,
  summary: 'Deliver many received events again',
  description:
    'What was received between `since` and `until` and matches the filter, oldest first, no faster than `ratePerSecond`. The answer is a background task, which can be watched and canceled, and goes on after a restart. The same replay is refused while it runs.',
  needs: WRITE,
  body: EventBulkReplayIn,
  replies: { 202: TaskStartedOut },
  problems: ['not_found', 'conflict', 'generic_error'],
  async handle(call) {
    const { filter, since, until, destination: ref, ratePerSecond, limit } = call.body;
    const query = await filterOf(call, filter ?? {}, ['body', 'filter']);
    const range = await filterOf(call, { since, ...(until == null ? {} : { until }) }, ['body']);
    if (range.since! >= (range.until ?? call.clock.now()))
      throw invalid(['body', 'since'], '"since" must be earlier than "until" (now unless said).');
    const destination =
      ref == null ? null : await call.engine.directory.destination(call.organization, RECEIVED, ref);
    if (destination?.disabled)
      throw new Problem('generic_error', 'The destination is disabled: enable it, then replay again.');
    const input = {
      query: { ...query, since: range.since, until: range.until },
      destinationId: destination?.id ?? null,
      ratePerSecond: ratePerSecond ?? RATE_DEFAULT,
      limit: limit ?? null,
    };
    return call.engine.tasks.start({
      organization: call.organization,
      principal: call.principal,
      task: 'event.replay',
      input,
      // Somebody may press twice: two of them would deliver everything twice.
      uid: `replay-${createHash('sha256').update(JSON.stringify(input)).digest('base64url')}`,
      idempotency: call.idempotency,
      reply: (task) => ({ status: 202, body: renderTaskStarted(task) }),
    });
  },
});
