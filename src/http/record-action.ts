import type { Reply } from '../engine/engine.ts';
import type { Call } from './define-operation.ts';

/**
 * Leaves an audit line for a change of what is no document (a payload that was deleted, a message sent again), and
 * keeps the answer for the Idempotency-Key. Called when the change is done.
 */
export async function recordAction(
  call: Pick<Call, 'engine' | 'organization' | 'principal' | 'idempotency'>,
  done: { readonly action: string; readonly subject: string; readonly reply: Reply },
): Promise<Reply> {
  const { organization, principal, idempotency } = call;
  const result = await call.engine.commit({ organization, principal, idempotency, edits: [], ...done });
  if (result.kind === 'stale') throw new Error('A commit without edits cannot be stale.');
  return result.reply;
}
