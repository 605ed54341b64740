/**
 * An integration's key is an API key confined to its application, kept beside it under its id as uid: it works on
 * every route as any API key does, and revoking it is removing that document. It may never do more than its maker.
 */
import { API_KEY_RANDOM_BYTES, apiKeyHash, newApiKeyText } from '../../../core/access/access.ts';
import type { ApiKey, Integration } from '../../../core/catalog/resources.ts';
import { type ApplicationId, newId } from '../../../core/ids.ts';
import { invalid } from '../../../core/problem.ts';
import type { Call } from '../../define-operation.ts';

export interface MadeKey {
  readonly secret: string;
  readonly document: ApiKey;
}

type Maker = Pick<Call, 'clock' | 'dice' | 'principal'>;

export function freshKey(
  call: Maker,
  integration: Pick<Integration, 'id' | 'name' | 'featureFlags'>,
  applicationId: ApplicationId,
): MadeKey {
  const { principal } = call;
  const secret = newApiKeyText(call.dice.bytes(API_KEY_RANDOM_BYTES));
  const now = call.clock.now();
  const document: ApiKey = {
    id: newId(now, call.dice.bytes(15)),
    uid: integration.id,
    ownerId: applicationId,
    createdAt: now,
    updatedAt: now,
    version: 1,
    name: `integration: ${integration.name}`,
    secretHash: apiKeyHash(secret),
    role: principal.role === 'viewer' ? 'viewer' : 'editor',
    scopes: principal.scopes,
    applicationId,
    featureFlags: integration.featureFlags.filter((flag) => principal.featureFlags?.includes(flag) !== false),
    expiresAt: null,
    revokedAt: null,
  };
  return { secret, document };
}

/** The key's document; null when it was revoked by hand. */
export function findKey(
  call: Pick<Call, 'storage' | 'organization'>,
  integration: Integration,
): Promise<ApiKey | null> {
  const ref = { uid: integration.id };
  return call.storage.catalog.find(call.organization, 'api-key', ref, integration.ownerId);
}

/** A caller with feature flags can only pass on its own. */
export function checkFeatureFlags(
  call: Pick<Call, 'principal'>,
  flags: readonly string[],
): readonly string[] {
  const own = call.principal.featureFlags;
  const beyond = own === null ? [] : flags.filter((flag) => !own.includes(flag));
  if (beyond.length === 0) return [...new Set(flags)];
  throw invalid(
    ['body', 'featureFlags'],
    `This token does not have the feature flags ${JSON.stringify(beyond)}: leave them out, or use one that has them.`,
  );
}
