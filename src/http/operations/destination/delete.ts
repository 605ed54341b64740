import type { Edit } from '../../../engine/engine.ts';
import { defineOperation } from '../../define-operation.ts';
import { findApplication } from '../endpoint/find-endpoint.ts';
import { CONSUMERS_PER_POLLER_MAX } from '../poller/consumer.ts';
import { findPoller } from './find-poller.ts';

export const deleteDestination = defineOperation({
  id: 'destination.delete',
  method: 'DELETE',
  path: '/api/v1/app/{app_id}/destination/{destination_id}',
  tag: 'Destination',
  summary: 'Delete a polling endpoint and what its consumers have committed',
  description: 'The messages stay: they belong to the application.',
  needs: { role: 'editor', scope: 'application', permission: 'endpoint:write' },
  replies: { 204: null },
  problems: ['not_found'],
  async handle(call) {
    const application = await findApplication(call);
    const before = await findPoller(call, application.id, call.params.destination_id ?? '');
    const consumers = await call.storage.catalog.list(call.organization, 'poller-consumer', {
      owner: application.id,
      orderBy: 'id',
      direction: 'ascending',
      after: null,
      limit: CONSUMERS_PER_POLLER_MAX,
      where: { destinationId: before.id },
    });
    const edits: Edit[] = [
      { kind: 'destination', before, after: null },
      ...consumers.map((consumer) => ({ kind: 'poller-consumer' as const, before: consumer, after: null })),
    ];
    return call.commit('destination.delete', edits, { status: 204, body: undefined });
  },
});
