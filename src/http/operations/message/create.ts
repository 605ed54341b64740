import { isUtf8 } from 'node:buffer';
import Type from 'typebox';
import { MessageIn, MessageOut } from '../../../contract/message.ts';
import { deliverAtFault, type Publish, parsePublish } from '../../../core/event/publish.ts';
import { invalid } from '../../../core/problem.ts';
import type { LoadedApplication } from '../../../engine/engine.ts';
import { type Call, defineOperation } from '../../define-operation.ts';
import { DAY_MS, type Publication, publish } from './publish.ts';
import { publishApplication } from './publish-application.ts';

const JSON_TYPE = 'application/json';

export const createMessage = defineOperation({
  id: 'message.create',
  method: 'POST',
  path: '/api/v1/app/{app_id}/msg',
  tag: 'Message',
  summary: 'Publish a message to an application’s endpoints',
  description:
    'Answered when the message is stored for good; deliveries follow. The bytes of `payload` are sent as they stand in the body. A message whose `eventId` was used before in this application is refused (409). Event types need not be defined first.',
  needs: { role: 'editor', scope: 'organization', permission: 'message:write' },
  query: Type.Object({
    with_content: Type.Optional(Type.Boolean({ description: 'False leaves the payload out of the answer.' })),
  }),
  body: MessageIn,
  reads: 'raw',
  replies: { 202: MessageOut },
  problems: ['not_found', 'conflict'],
  async handle(call) {
    if (!isUtf8(call.raw)) {
      throw invalid(['body'], 'The body is not UTF-8: send JSON encoded as UTF-8.', 'value_error.jsondecode');
    }
    const parsed = parsePublish(call.raw);
    const fault = deliverAtFault(parsed.deliverAt, call.clock.now());
    if (fault !== null) throw invalid(['body', 'deliverAt'], fault);
    const application = await (parsed.application === undefined
      ? call.engine.directory.application(call.organization, call.params.app_id ?? '')
      : publishApplication(call, parsed.application));
    return publish(call, publicationOf(call, application, parsed));
  },
});

function publicationOf(
  call: Pick<Call<{ with_content?: boolean }>, 'clock' | 'settings' | 'raw' | 'query'>,
  application: LoadedApplication,
  parsed: Publish,
): Publication {
  const { payload, rawPayload, payloadRetentionDays } = parsed;
  const now = call.clock.now();
  const retentionMs =
    payloadRetentionDays === undefined ? call.settings.contentRetentionMs : payloadRetentionDays * DAY_MS;
  return {
    application,
    event: {
      type: parsed.eventType,
      eventId: parsed.eventId,
      channels: parsed.channels,
      tags: parsed.tags,
      method: parsed.method ?? 'POST',
      contentType: parsed.contentType ?? JSON_TYPE,
      headers: parsed.headers ?? null,
      orderingKey: parsed.orderingKey ?? null,
      retryScheduleMs: parsed.retrySchedule ?? null,
      contentExpiresAt: now + retentionMs,
      deliverAt: parsed.deliverAt > now ? parsed.deliverAt : 0,
    },
    content:
      rawPayload === undefined ? call.raw.subarray(payload.start, payload.end) : Buffer.from(rawPayload),
    withContent: call.query.with_content ?? true,
    isJson: rawPayload === undefined,
  };
}
