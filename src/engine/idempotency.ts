/** Answers kept under an Idempotency-Key, in the transaction of what they answer. */
import { Problem } from '../core/problem.ts';
import type { IdempotencyRecord } from '../ports/intake.ts';
import type { IdempotencyKey, Reply } from './engine.ts';

const IDEMPOTENCY_KEPT_MS = 12 * 60 * 60 * 1000;

/** What is stored with the work; null when there was no key. */
export function idempotencyRecord(
  key: IdempotencyKey | null,
  reply: () => Reply,
  now: number,
): IdempotencyRecord | null {
  if (key === null) return null;
  const { status, body, raw } = reply();
  const response = raw === true ? String(body) : body === undefined ? '' : JSON.stringify(body);
  return { ...key, status, response, expiresAt: now + IDEMPOTENCY_KEPT_MS };
}

/** The answer that was given to the same request before. */
export function replayedReply({ status, response }: { status: number; response: string }): Reply {
  return response === '' ? { status, body: undefined } : { status, body: response, raw: true };
}

export function keyReused(): Problem {
  return new Problem(
    'idempotency_key_reused',
    'This Idempotency-Key was used for another request body: choose a new key.',
  );
}
