import { ApplicationTokenExpireIn } from '../../../contract/authentication.ts';
import { withTokenCutoff } from '../../../core/access/token-cutoffs.ts';
import type { Application } from '../../../core/catalog/resources.ts';
import type { ApplicationId } from '../../../core/ids.ts';
import { invalid } from '../../../core/problem.ts';
import type { Edit } from '../../../engine/engine.ts';
import { type Call, defineOperation } from '../../define-operation.ts';
import { sessionHash } from '../../tokens.ts';
import { revokedToken } from './logout.ts';

export const expireAllTokens = defineOperation({
  id: 'authentication.expire-all',
  method: 'POST',
  path: '/api/v1/auth/app/{app_id}/expire-all',
  tag: 'Authentication',
  summary: 'End all tokens of an application that were made so far.',
  description:
    'With `sessionIds` only those of the named sessions. API keys and keys of integrations are no tokens: revoke those one by one.',
  needs: { role: 'editor', scope: 'organization', permission: 'authentication:write' },
  body: ApplicationTokenExpireIn,
  replies: { 204: null },
  problems: ['limit_reached'],
  async handle(call) {
    const { application } = await call.engine.directory.application(call.organization, call.params.app_id!);
    const { sessionIds = [] } = call.body;
    const delayMs = (call.body.expiry ?? 0) * 1000;
    if (sessionIds.length > 0 && delayMs > 0) {
      throw invalid(
        ['body', 'expiry'],
        'Sessions end at once: leave `expiry` out, or leave `sessionIds` out.',
      );
    }
    const edits =
      sessionIds.length > 0
        ? await endSessions(call, application, sessionIds)
        : [expireTokens(application, call.clock.now(), delayMs)];
    return call.commit('authentication.expire-all', edits, { status: 204, body: undefined });
  },
});

function expireTokens(before: Application, now: number, delayMs: number): Edit {
  const after = { ...before, ...withTokenCutoff(before, { now, delayMs }) };
  return { kind: 'application', before, after };
}

/** A session that was ended before stays so. */
async function endSessions(
  call: Call,
  application: Application,
  sessionIds: readonly string[],
): Promise<Edit[]> {
  const edits: Edit[] = [];
  for (const sessionId of new Set(sessionIds)) {
    const uid = sessionHash(application.id as ApplicationId, sessionId);
    if (await call.engine.directory.isTokenRevoked(call.organization, uid)) continue;
    edits.push({ kind: 'revoked-token', before: null, after: revokedToken(call, uid) });
  }
  return edits;
}
