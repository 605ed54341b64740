import type { Attempt } from '../../../core/delivery/delivery.ts';
import type { Event } from '../../../core/event/event.ts';
import { type AttemptId, parseId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import type { EventScope } from '../../../ports/history.ts';
import type { Call } from '../../define-operation.ts';
import { findApplication } from '../endpoint/find-endpoint.ts';
import { findMessage } from '../message/find-message.ts';

/** The attempt that the path names, with its message. */
export async function findAttempt(
  call: Pick<Call, 'engine' | 'organization' | 'params' | 'storage'>,
): Promise<{ readonly scope: EventScope; readonly event: Event; readonly attempt: Attempt }> {
  const { scope } = await findApplication(call);
  const { event } = await findMessage(call, scope, { ref: call.params.msg_id ?? '', withContent: false });
  const id = parseId<'attempt'>(call.params.attempt_id ?? '', 'attempt') as AttemptId | undefined;
  const attempt = id === undefined ? null : await call.storage.history.findAttempt(scope, event.id, id);
  if (attempt === null) {
    throw new Problem('not_found', 'This message has no such attempt: pass its id (`atmpt_…`).');
  }
  return { scope, event, attempt };
}
