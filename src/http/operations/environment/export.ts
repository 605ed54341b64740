import { ENVIRONMENT_VERSION, EnvironmentOut, ExportQuery } from '../../../contract/environment.ts';
import { renderEventType } from '../../../contract/event-type.ts';
import { renderRetrySchedule } from '../../../contract/retry-schedule.ts';
import { renderInstant } from '../../../contract/shape.ts';
import type { EventType } from '../../../core/catalog/resources.ts';
import { defineOperation } from '../../define-operation.ts';
import { readAllEventTypes } from '../event-type/read-all.ts';
import { readPortableApplications } from './portable-applications.ts';

export const exportEnvironment = defineOperation({
  id: 'environment.export',
  method: 'POST',
  path: '/api/v1/environment/export',
  tag: 'Environment',
  summary: 'Export the organization’s configuration as one document',
  description:
    'Every event type, archived ones too; with `include_applications=true` the applications and their endpoints, without anything secret. Import it here or elsewhere.',
  needs: { role: 'viewer', scope: 'organization', permission: 'environment:read' },
  query: ExportQuery,
  replies: { 200: EnvironmentOut },
  problems: ['limit_reached'],
  async handle(call) {
    const types = [...(await readAllEventTypes(call)).values()];
    const eventTypeRetrySchedules = retrySchedules(types);
    const applications = call.query.include_applications ? await readPortableApplications(call) : undefined;
    const settings = {
      ...(eventTypeRetrySchedules === undefined ? {} : { eventTypeRetrySchedules }),
      ...(applications === undefined ? {} : { applications }),
    };
    return {
      status: 200,
      body: {
        version: ENVIRONMENT_VERSION,
        createdAt: renderInstant(call.clock.now()),
        eventTypes: types.map((type) => renderEventType(type, { withContent: true })),
        settings: Object.keys(settings).length === 0 ? null : settings,
        connectors: [],
      },
    };
  },
});

/** They are in `eventTypes` too, where clients of the compatible API drop them. */
function retrySchedules(types: readonly EventType[]): Record<string, readonly number[]> | undefined {
  const own = types.flatMap((type) =>
    type.retryScheduleMs === null ? [] : [[type.uid, renderRetrySchedule(type.retryScheduleMs)] as const],
  );
  return own.length === 0 ? undefined : Object.fromEntries(own);
}
