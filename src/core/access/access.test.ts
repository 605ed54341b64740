import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Role } from '../catalog/resources.ts';
import type { ApplicationId, OrganizationId } from '../ids.ts';
import {
  allows,
  apiKeyHash,
  isApiKeyText,
  isScope,
  type Need,
  newApiKeyText,
  type Principal,
  reaches,
  seesFlags,
} from './access.ts';

const ROLES: readonly Role[] = ['viewer', 'editor', 'owner'];

function principal(changes: Partial<Principal> = {}): Principal {
  return {
    kind: 'api-key',
    organization: 'org_1' as OrganizationId,
    applicationId: null,
    role: 'owner',
    scopes: ['*'],
    actorId: 'key_1',
    featureFlags: null,
    ...changes,
  } as Principal;
}
const read: Need = { role: 'viewer', scope: 'application', permission: 'endpoint:read' };

test('a role may do what the roles below it may, and nothing above', () => {
  for (const [has, role] of ROLES.entries()) {
    for (const [needs, needed] of ROLES.entries()) {
      assert.equal(
        allows(principal({ role }), { ...read, role: needed }),
        has >= needs,
        `${role} for ${needed}`,
      );
    }
  }
});

test('who is confined to an application never acts on the organization', () => {
  const confined = principal({ applicationId: 'a' as ApplicationId });
  assert.ok(allows(confined, read));
  assert.ok(!allows(confined, { ...read, scope: 'organization' }));
  assert.ok(allows(principal(), { ...read, scope: 'organization' }));
});

test('a scope names a resource and what may be done with it', () => {
  const may = (scopes: string[], permission: string) =>
    allows(principal({ scopes }), { ...read, permission });
  assert.ok(may(['endpoint:read'], 'endpoint:read'));
  assert.ok(may(['endpoint:*'], 'endpoint:read') && may(['endpoint:*'], 'endpoint:write'));
  assert.ok(may(['message:read', '*'], 'endpoint:write'));
  assert.ok(!may(['endpoint:read'], 'endpoint:write'));
  assert.ok(!may(['endpoint:write'], 'endpoint:read'));
  assert.ok(!may(['endpoint:*'], 'endpoint-secret:read'));
  assert.ok(!may(['end:*'], 'endpoint:read'));
  assert.ok(!may([], 'endpoint:read'));
});

test('a wide scope does not raise a role', () => {
  assert.ok(!allows(principal({ role: 'viewer', scopes: ['*'] }), { ...read, role: 'editor' }));
});

test('only scopes that mean something can be given', () => {
  for (const good of ['*', 'endpoint:read', 'event-type:write', 'message:*']) assert.ok(isScope(good), good);
  for (const bad of [
    '',
    'endpoint',
    '*:read',
    'endpoint:',
    ':read',
    'endpoint:delete',
    'Endpoint:read',
    'a:read ',
  ]) {
    assert.ok(!isScope(bad), bad);
  }
});

test('an application is reached by its own principal and by the whole organization', () => {
  const a = 'a' as ApplicationId;
  assert.ok(reaches(principal(), a));
  assert.ok(reaches(principal({ applicationId: a }), a));
  assert.ok(!reaches(principal({ applicationId: 'b' as ApplicationId }), a));
});

test('feature flags hide event types from those who lack all of them', () => {
  assert.ok(seesFlags(principal(), ['beta']));
  assert.ok(seesFlags(principal({ featureFlags: [] }), []));
  assert.ok(!seesFlags(principal({ featureFlags: ['other'] }), ['beta']));
  assert.ok(seesFlags(principal({ featureFlags: ['beta'] }), ['alpha', 'beta']));
});

test('an API key is known by its form and stored as a hash', () => {
  const random = Uint8Array.from({ length: 32 }, (_, i) => 255 - i);
  const text = newApiKeyText(random);
  assert.match(text, /^phk_[\w-]{43}$/);
  assert.ok(isApiKeyText(text));
  assert.ok(!isApiKeyText('eyJhbGciOiJIUzI1NiJ9.e30.x'));
  assert.ok(!isApiKeyText(`${text}x`));
  assert.match(apiKeyHash(text), /^[\w-]{43}$/);
  assert.ok(!text.includes(apiKeyHash(text)));
  assert.notEqual(apiKeyHash(text), apiKeyHash(newApiKeyText(random.map((byte) => byte ^ 1))));
  assert.equal(apiKeyHash(text), apiKeyHash(text));
  assert.throws(() => newApiKeyText(random.subarray(1)), RangeError);
});
