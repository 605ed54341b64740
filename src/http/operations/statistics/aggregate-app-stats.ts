import { renderTaskStarted } from '../../../contract/background-task.ts';
import { parseRef } from '../../../contract/ids.ts';
import { parseInstant } from '../../../contract/shape.ts';
import { AppUsageStatsIn, AppUsageStatsOut } from '../../../contract/statistics.ts';
import type { ApplicationId } from '../../../core/ids.ts';
import { invalid } from '../../../core/problem.ts';
import { type Call, defineOperation } from '../../define-operation.ts';

export const aggregateAppStats = defineOperation({
  id: 'statistics.aggregate-app-stats',
  method: 'POST',
  path: '/api/v1/stats/usage/app',
  tag: 'Statistics',
  summary: 'Count the messages and attempts of applications in a range of time',
  description:
    'Starts a background task. Its `data` has `appStats`: one row per application with `messageDestinations` (attempts made) and `messages` (messages accepted).',
  needs: { role: 'viewer', scope: 'organization', permission: 'statistics:read' },
  body: AppUsageStatsIn,
  replies: { 202: AppUsageStatsOut },
  problems: [],
  async handle(call) {
    const since = instant(call.body.since, 'since');
    const until = instant(call.body.until, 'until');
    if (until <= since) throw invalid(['body', 'until'], 'Give an `until` that is later than `since`.');
    const { found, unresolved } = await resolve(call, call.body.appIds ?? null);
    return call.engine.tasks.start({
      organization: call.organization,
      principal: call.principal,
      task: 'application.stats',
      input: { since, until, applicationIds: found },
      idempotency: call.idempotency,
      reply: (task) => ({ status: 202, body: { ...renderTaskStarted(task), unresolvedAppIds: unresolved } }),
    });
  },
});

function instant(text: string, member: string): number {
  const at = parseInstant(text);
  if (at === undefined)
    throw invalid(['body', member], 'Give an RFC 3339 instant such as 2026-01-31T00:00:00Z.');
  return at;
}

/** null = every application. The same application named twice counts once. */
async function resolve(
  call: Pick<Call, 'storage' | 'organization'>,
  refs: readonly string[] | null,
): Promise<{ found: readonly ApplicationId[] | null; unresolved: readonly string[] }> {
  if (refs === null) return { found: null, unresolved: [] };
  const found = new Set<ApplicationId>();
  const unresolved: string[] = [];
  for (const ref of new Set(refs)) {
    const named = parseRef<'application'>(ref, 'application');
    const application = await call.storage.catalog.find(call.organization, 'application', named, undefined);
    if (application === null) unresolved.push(ref);
    else found.add(application.id as ApplicationId);
  }
  if (found.size === 0) {
    throw invalid(
      ['body', 'appIds'],
      'None of these names an application: pass ids or uids, or leave appIds out for all.',
    );
  }
  return { found: [...found], unresolved };
}
