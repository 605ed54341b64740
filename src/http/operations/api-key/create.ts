import type { Static } from 'typebox';
import { ApiKeyCreatedOut, ApiKeyIn, renderApiKey, scopesBeyond } from '../../../contract/api-key.ts';
import { parseInstant } from '../../../contract/shape.ts';
import { checkUid } from '../../../contract/uid.ts';
import { API_KEY_RANDOM_BYTES, apiKeyHash, newApiKeyText } from '../../../core/access/access.ts';
import type { ApiKey } from '../../../core/catalog/resources.ts';
import { type ApplicationId, newId } from '../../../core/ids.ts';
import { invalid, Problem } from '../../../core/problem.ts';
import { type Call, defineOperation } from '../../define-operation.ts';

export const createApiKey = defineOperation({
  id: 'api-key.create',
  method: 'POST',
  path: '/api/v1/api-key',
  tag: 'API key',
  summary: 'Make an API key; its text is shown this once.',
  needs: { role: 'owner', scope: 'organization', permission: 'api-key:write' },
  body: ApiKeyIn,
  replies: { 201: ApiKeyCreatedOut },
  problems: ['conflict'],
  isSecret: true,
  async handle(call) {
    const text = newApiKeyText(call.dice.bytes(API_KEY_RANDOM_BYTES));
    const after = await freshKey(call, call.body, apiKeyHash(text));
    return call.commit('api-key.create', [{ kind: 'api-key', before: null, after }], {
      status: 201,
      body: { ...renderApiKey(after), key: text },
    });
  },
});

async function freshKey(call: Call, input: Static<typeof ApiKeyIn>, secretHash: string): Promise<ApiKey> {
  const now = call.clock.now();
  const scopes = input.scopes ?? ['*'];
  const beyond = scopesBeyond(call.principal.scopes, scopes);
  if (beyond.length > 0) {
    throw new Problem(
      'insufficient access',
      `You cannot give scopes that you do not have: ${beyond.join(', ')}.`,
    );
  }
  return {
    id: newId(now, call.dice.bytes(15)),
    uid: checkUid(input.uid, 'apiKey'),
    ownerId: null,
    name: input.name,
    secretHash,
    role: input.role ?? 'editor',
    scopes,
    applicationId: await applicationOf(call, input.appId),
    expiresAt: expiryOf(input.expiresAt, now),
    revokedAt: null,
    createdAt: now,
    updatedAt: now,
    version: 1,
  };
}

async function applicationOf(call: Call, ref: string | null | undefined): Promise<ApplicationId | null> {
  if (ref === null || ref === undefined) return null;
  const { application } = await call.engine.directory.application(call.organization, ref);
  return application.id as ApplicationId;
}

function expiryOf(text: string | null | undefined, now: number): number | null {
  if (text === null || text === undefined) return null;
  const at = parseInstant(text);
  if (at === undefined || at <= now) {
    throw invalid(['body', 'expiresAt'], 'Give an instant in the future, such as 2030-01-31T00:00:00Z.');
  }
  return at;
}
