import Type, { type Static } from 'typebox';
import { MessageOut } from '../../../contract/message.ts';
import { Channel, EventTypeName, Uid } from '../../../contract/uid.ts';
import {
  contentTypeFault,
  MESSAGE_CHANNELS_MAX,
  MESSAGE_TAGS_MAX,
  NAME_PATTERN,
  ORDERING_KEY_CHARS_MAX,
  RETENTION_DAYS_MAX,
  RETENTION_DAYS_MIN,
  TAG_CHARS_MAX,
  uidFault,
} from '../../../core/event/limits.ts';
import { PREFIXES } from '../../../core/ids.ts';
import { invalid, Problem } from '../../../core/problem.ts';
import { type Call, defineOperation } from '../../define-operation.ts';
import { findApplication } from '../endpoint/find-endpoint.ts';
import { DAY_MS, publish } from './publish.ts';

const RawQuery = Type.Object({
  eventType: EventTypeName,
  eventId: Type.Optional(Uid),
  channels: Type.Optional(Type.Array(Channel, { maxItems: MESSAGE_CHANNELS_MAX, uniqueItems: true })),
  tags: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: TAG_CHARS_MAX, pattern: NAME_PATTERN.source }), {
      maxItems: MESSAGE_TAGS_MAX,
    }),
  ),
  method: Type.Optional(
    Type.Union([
      Type.Literal('POST'),
      Type.Literal('PUT'),
      Type.Literal('PATCH'),
      Type.Literal('DELETE'),
      Type.Literal('GET'),
    ]),
  ),
  orderingKey: Type.Optional(Type.String({ minLength: 1, maxLength: ORDERING_KEY_CHARS_MAX })),
  payloadRetentionPeriod: Type.Optional(
    Type.Integer({ minimum: RETENTION_DAYS_MIN, maximum: RETENTION_DAYS_MAX, description: 'Days.' }),
  ),
});

export const createRawMessage = defineOperation({
  id: 'message.create-raw',
  method: 'POST',
  path: '/api/v1/app/{app_id}/msg/raw',
  tag: 'Message',
  summary: 'Publish any bytes, with their own Content-Type',
  description:
    'The body is the payload: JSON, XML, a form, text or binary, delivered byte for byte with this request’s Content-Type (application/octet-stream when it has none). What a JSON message says beside its payload goes into the query.',
  needs: { role: 'editor', scope: 'organization', permission: 'message:write' },
  query: RawQuery,
  reads: 'raw',
  replies: { 202: MessageOut },
  problems: ['not_found', 'conflict', 'missing_payload'],
  async handle(call) {
    if (call.raw.length === 0) {
      throw new Problem('missing_payload', 'The body is empty: send the payload as the body.');
    }
    const { loaded } = await findApplication(call);
    const event = eventOf(call);
    return publish(call, {
      application: loaded,
      event,
      content: call.raw,
      withContent: false,
      isJson: false,
    });
  },
});

function eventOf(call: Pick<Call<Static<typeof RawQuery>>, 'query' | 'headers' | 'clock' | 'settings'>) {
  const { query } = call;
  const contentType = call.headers['content-type'] ?? 'application/octet-stream';
  const fault = contentTypeFault(contentType);
  if (fault !== null) throw invalid(['header', 'content-type'], fault);
  const days = query.payloadRetentionPeriod;
  const retentionMs = days === undefined ? call.settings.contentRetentionMs : days * DAY_MS;
  return {
    type: query.eventType,
    eventId: query.eventId === undefined ? null : checkEventId(query.eventId),
    channels: listOf(query.channels),
    tags: listOf(query.tags),
    method: query.method ?? 'POST',
    contentType,
    headers: null,
    orderingKey: query.orderingKey ?? null,
    retryScheduleMs: null,
    contentExpiresAt: call.clock.now() + retentionMs,
    deliverAt: 0,
  };
}

function checkEventId(eventId: string): string {
  const fault = uidFault(eventId, PREFIXES.message);
  if (fault !== null) throw invalid(['query', 'eventId'], fault);
  return eventId;
}

function listOf(names: readonly string[] | undefined): readonly string[] | null {
  return names === undefined || names.length === 0 ? null : names;
}
