import { decodeJwt } from 'jose';
import { OWN_ACCESS } from '../../../core/access/access.ts';
import type { RevokedToken } from '../../../core/catalog/resources.ts';
import { newId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import { type Call, defineOperation } from '../../define-operation.ts';
import { APP_TOKEN_SECONDS_MAX, tokenHash } from '../../tokens.ts';

export const logOut = defineOperation({
  id: 'authentication.logout',
  method: 'POST',
  path: '/api/v1/auth/logout',
  tag: 'Authentication',
  summary: 'End the app token that this is called with.',
  description:
    'Organization tokens cannot be logged out: change the secret that signs them. API keys are revoked.',
  needs: { role: 'viewer', scope: 'application', permission: OWN_ACCESS },
  replies: { 204: null },
  problems: [],
  handle(call) {
    if (call.principal.kind !== 'app-token') {
      throw new Problem(
        'insufficient access',
        'Only an app token can be logged out; call this with the one to end.',
      );
    }
    // The caller was authenticated by this very header.
    const token = call.headers.authorization!.trim().split(/ +/)[1]!;
    const { exp } = decodeJwt(token);
    const after = revokedToken(call, tokenHash(token), exp === undefined ? FOREVER : exp * 1000);
    const edits = [{ kind: 'revoked-token', before: null, after }] as const;
    return call.commit('authentication.logout', edits, { status: 204, body: undefined });
  },
});

/** For a token that says no end; in the year 5138, still a date. */
const FOREVER = 1e14;

/** `uid` names what is revoked. Remembered until no token that it concerns can be valid any more: ours, or longer. */
export function revokedToken(call: Call, uid: string, validUntil = 0): RevokedToken {
  const now = call.clock.now();
  return {
    id: newId(now, call.dice.bytes(15)),
    uid,
    ownerId: null,
    expiresAt: Math.min(FOREVER, Math.max(now + APP_TOKEN_SECONDS_MAX * 1000, validUntil)),
    createdAt: now,
    updatedAt: now,
    version: 1,
  };
}
