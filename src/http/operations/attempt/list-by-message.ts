import { MessageAttemptList } from '../../../contract/attempt.ts';
import type { ApplicationId, DestinationId } from '../../../core/ids.ts';
import { parseId } from '../../../core/ids.ts';
import { type Call, defineOperation } from '../../define-operation.ts';
import { findApplication, findDestination } from '../endpoint/find-endpoint.ts';
import { findMessage } from '../message/find-message.ts';
import { attemptsReply, MessageAttemptsQuery } from './list-attempts.ts';

const SHARED = {
  method: 'GET',
  tag: 'Attempt',
  needs: { role: 'viewer', scope: 'application', permission: 'attempt:read' },
  query: MessageAttemptsQuery,
  replies: { 200: MessageAttemptList },
  problems: ['not_found'],
} as const;

export const listAttemptsByMessage = defineOperation({
  ...SHARED,
  id: 'attempt.list-by-message',
  path: '/api/v1/app/{app_id}/attempt/msg/{msg_id}',
  summary: 'List the attempts to deliver a message',
  description: 'Newest first; the last 90 days unless `before` or `after` say otherwise.',
  handle: (call) => reply(call, call.query.endpoint_id),
});

/** An older route of the same list. */
export const listMessageAttempts = defineOperation({
  ...SHARED,
  id: 'attempt.list-of-message',
  path: '/api/v1/app/{app_id}/msg/{msg_id}/attempt',
  summary: 'List the attempts to deliver a message (older route)',
  hidden: true,
  handle: (call) => reply(call, call.query.endpoint_id),
});

/** An older route: one message, one endpoint. */
export const listMessageEndpointAttempts = defineOperation({
  ...SHARED,
  id: 'attempt.list-of-message-and-endpoint',
  path: '/api/v1/app/{app_id}/msg/{msg_id}/endpoint/{endpoint_id}/attempt',
  summary: 'List the attempts to deliver a message to an endpoint (older route)',
  hidden: true,
  handle: (call) => reply(call, call.params.endpoint_id),
});

type ListCall = Parameters<typeof attemptsReply>[0] & Pick<Call, 'engine' | 'organization' | 'params'>;

async function reply(call: ListCall, endpoint: string | undefined) {
  const { id, scope } = await findApplication(call);
  const { event } = await findMessage(call, scope, { ref: call.params.msg_id ?? '', withContent: false });
  const eventId = event.id;
  if (endpoint === undefined) return attemptsReply(call, scope, { eventId });
  return attemptsReply(call, scope, { eventId, destinationId: await destinationIdOf(call, id, endpoint) });
}

/** An id is taken as it is, so that attempts at an endpoint that was deleted can still be read. */
async function destinationIdOf(
  call: ListCall,
  applicationId: ApplicationId,
  ref: string,
): Promise<DestinationId> {
  const id = parseId<'destination'>(ref, 'endpoint');
  return id ?? (await findDestination(call, applicationId, ref)).id;
}
