/** Hands a message to the engine and makes the answer of what came of it. */

import { messageText } from '../../../contract/message.ts';
import { EMPTY_PAYLOAD, payloadText } from '../../../contract/payload.ts';
import type { Event } from '../../../core/event/event.ts';
import { renderId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import type { LoadedApplication, PublishRequest, Reply } from '../../../engine/engine.ts';
import type { Call } from '../../define-operation.ts';

export const DAY_MS = 86_400_000;

export interface Publication {
  readonly application: LoadedApplication;
  readonly event: PublishRequest['event'];
  readonly content: Uint8Array;
  readonly withContent: boolean;
  /** True when the content was found to be JSON, so that the answer need not look again. */
  readonly isJson: boolean;
}

export async function publish(
  call: Pick<Call, 'engine' | 'organization' | 'idempotency'>,
  publication: Publication,
): Promise<Reply> {
  const reply = (event: Event): Reply => ({ status: 202, body: acceptedText(event, publication), raw: true });
  const result = await call.engine.publish({
    organization: call.organization,
    application: publication.application,
    event: publication.event,
    content: publication.content,
    idempotency: call.idempotency,
    reply,
    only: null,
  });
  if (result.kind === 'accepted') return reply(result.event);
  if (result.kind === 'replayed') return result.reply;
  throw new Problem(
    'conflict',
    `The message ${renderId(result.id, 'message')} has this eventId already: it was published before.`,
  );
}

function acceptedText(event: Event, { content, withContent, isJson }: Publication): string {
  if (!withContent) return messageText(event, EMPTY_PAYLOAD);
  if (isJson) return messageText(event, textOf(content));
  return messageText(event, payloadText({ content, contentState: 'kept', contentType: event.contentType }));
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
