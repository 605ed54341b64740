/** Neon Auth: a detached JWS (RFC 7515 appendix F) over a timestamp and the body. */
import type { SignedBy } from '../../core/verification/provider.ts';

/** `{JWS header}.{base64url of "timestamp.base64url(body)"}`. */
export const detachedJws: SignedBy = (view) => {
  const [signature] = view.header('x-neon-signature');
  const [timestamp] = view.header('x-neon-timestamp');
  const head = signature?.split('.', 1)[0];
  if (!head || timestamp === undefined) return null;
  const body = Buffer.from(view.call.body).toString('base64url');
  return [`${head}.${Buffer.from(`${timestamp}.${body}`).toString('base64url')}`];
};
