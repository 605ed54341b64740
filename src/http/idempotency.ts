/**
 * `Idempotency-Key` on POST: the answer of the first call is kept for 12 hours, in the transaction of what it wrote,
 * and given again. The key counts within organization, method and path; another body with the same key is 409.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import type { OrganizationId } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import type { IdempotencyKey, Reply } from '../engine/engine.ts';
import type { Clock } from '../ports/clock.ts';
import type { Storage } from '../ports/storage.ts';

const IDEMPOTENCY_KEY_CHARS_MAX = 256;

export function idempotencyKey(
  header: string | undefined,
  request: { organization: OrganizationId; method: string; url: string; raw: Uint8Array },
): IdempotencyKey | null {
  if (header === undefined || header === '' || request.method !== 'POST') return null;
  if (header.length > IDEMPOTENCY_KEY_CHARS_MAX) {
    throw new Problem(
      'generic_error',
      `The Idempotency-Key is longer than ${IDEMPOTENCY_KEY_CHARS_MAX} characters; use a UUID.`,
    );
  }
  // A newline can be in none of the first three parts, so no two requests share a text.
  const text = `${request.organization}\n${request.method}\n${request.url}\n${header}`;
  return {
    keyHash: hash('sha256', text, 'buffer'),
    bodyHash: hash('sha256', request.raw, 'buffer'),
  };
}

/** The answer kept for this key, or null when it is new. Another body under the same key is refused. */
export async function findKeptAnswer(
  key: IdempotencyKey,
  organization: OrganizationId,
  parts: { readonly storage: Storage; readonly clock: Clock },
): Promise<Reply | null> {
  const kept = await parts.storage.catalog.findIdempotent(organization, key.keyHash, parts.clock.now());
  if (kept === null) return null;
  if (!timingSafeEqual(kept.bodyHash, key.bodyHash)) {
    throw new Problem(
      'idempotency_key_reused',
      'This Idempotency-Key was used with another body in the last 12 hours. Send the same body, or a new key.',
    );
  }
  return { status: kept.status, body: kept.response, raw: true };
}
