import Type from 'typebox';
import { examplePayload } from '../../../contract/example-payload.ts';
import { MessageOut, messageText } from '../../../contract/message.ts';
import { EventTypeName } from '../../../contract/uid.ts';
import { seesFlags } from '../../../core/access/access.ts';
import type { Event } from '../../../core/event/event.ts';
import { Problem } from '../../../core/problem.ts';
import type { Reply } from '../../../engine/engine.ts';
import { type Call, defineOperation } from '../../define-operation.ts';
import { findEndpoint, refuseDisabled } from './find-endpoint.ts';

/** Needs no event type: a way to try an endpoint before any is defined. */
const PING = 'svix.ping';

export const sendEndpointExample = defineOperation({
  id: 'endpoint.send-example',
  method: 'POST',
  path: '/api/v1/app/{app_id}/endpoint/{endpoint_id}/send-example',
  tag: 'Endpoint',
  summary: 'Send an example of an event type to this endpoint only',
  description:
    'The payload is an example that the event type’s newest schema names, else one made of it. `svix.ping` can be sent without an event type of that name.',
  needs: { role: 'editor', scope: 'application', permission: 'attempt:write' },
  body: Type.Object(
    {
      eventType: EventTypeName,
      exampleIndex: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: 1000,
          description: 'Which of the schema’s examples; the first unless said.',
        }),
      ),
    },
    { title: 'EventExampleIn' },
  ),
  replies: { 200: MessageOut },
  problems: ['not_found', 'generic_error'],
  async handle(call) {
    const { loaded, destination } = await findEndpoint(call);
    refuseDisabled(destination);
    const payload = JSON.stringify(await exampleFor(call, call.body.eventType, call.body.exampleIndex ?? 0));
    const reply = (event: Event): Reply => ({ status: 200, body: messageText(event, payload), raw: true });
    const result = await call.engine.publish({
      organization: call.organization,
      application: loaded,
      event: {
        type: call.body.eventType,
        eventId: null,
        channels: null,
        tags: null,
        method: 'POST',
        contentType: 'application/json',
        headers: null,
        orderingKey: null,
        retryScheduleMs: null,
        contentExpiresAt: call.clock.now() + call.settings.contentRetentionMs,
        deliverAt: 0,
      },
      content: Buffer.from(payload),
      idempotency: call.idempotency,
      reply,
      only: [destination.id],
    });
    if (result.kind === 'replayed') return result.reply;
    if (result.kind === 'accepted') return reply(result.event);
    throw new Error('An event without an eventId cannot be a duplicate.');
  },
});

async function exampleFor(
  call: Pick<Call, 'engine' | 'organization' | 'principal'>,
  name: string,
  index: number,
): Promise<Readonly<Record<string, unknown>>> {
  const type = await call.engine.directory.eventType(call.organization, name);
  if (type !== undefined && seesFlags(call.principal, type.featureFlags))
    return examplePayload(type.schemas, index);
  if (name === PING) return examplePayload(null);
  throw new Problem(
    'not_found',
    `There is no event type ${JSON.stringify(name)}: create it first, or send "${PING}".`,
  );
}
