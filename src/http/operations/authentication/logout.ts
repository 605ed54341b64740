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
  needs: { role: 'viewer', scope: 'application', permission: 'application:read' },
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
    const after = revokedToken(call, tokenHash(token));
    const edits = [{ kind: 'revoked-token', before: null, after }] as const;
    return call.commit('authentication.logout', edits, { status: 204, body: undefined });
  },
});

/** `uid` names what is revoked. Remembered until no token that it concerns can be valid any more. */
export function revokedToken(call: Call, uid: string): RevokedToken {
  const now = call.clock.now();
  return {
    id: newId(now, call.dice.bytes(15)),
    uid,
    ownerId: null,
    expiresAt: now + APP_TOKEN_SECONDS_MAX * 1000,
    createdAt: now,
    updatedAt: now,
    version: 1,
  };
}
