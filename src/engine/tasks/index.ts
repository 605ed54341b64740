/** Every kind of background task, by its name on the wire. A new kind is one file and one line here. */
import { applicationPurgeContent } from './application-purge-content.ts';
import { applicationStats } from './application-stats.ts';
import { endpointBulkReplay } from './endpoint-bulk-replay.ts';
import { endpointRecover } from './endpoint-recover.ts';
import { endpointReplay } from './endpoint-replay.ts';
import { eventReplay } from './event-replay.ts';
import { eventTypeAggregate } from './event-type-aggregate.ts';
import { sourceResume } from './source-resume.ts';
import type { TaskKind } from './task-kind.ts';

export const TASK_KINDS: ReadonlyMap<string, TaskKind<unknown>> = new Map(
  Object.entries({
    'application.purge_content': applicationPurgeContent,
    'application.stats': applicationStats,
    'endpoint.bulk-replay': endpointBulkReplay,
    'endpoint.recover': endpointRecover,
    'endpoint.replay': endpointReplay,
    'event-type.aggregate': eventTypeAggregate,
    'event.replay': eventReplay,
    'source.resume': sourceResume,
  }),
);
