import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SignJWT } from 'jose';
import type { ApplicationId, OrganizationId } from '../core/ids.ts';
import { mintAppToken, mintOrganizationToken, readToken, sessionHash, tokenHash } from './tokens.ts';

const SECRET = 'a-secret-of-sufficient-length';
const NOW = Date.UTC(2026, 10, 23);
const ORGANIZATION = 'org_23rb8YdGqMT0qIzpgGwdXfHirMu' as OrganizationId;
const APPLICATION = '1srOrx2ZWZBpBUvZwXKQmoEYga2' as ApplicationId;

function appToken(overrides: Partial<Parameters<typeof mintAppToken>[1]> = {}, at = NOW): Promise<string> {
  const request = {
    organization: ORGANIZATION,
    applicationId: APPLICATION,
    featureFlags: [],
    lifetimeSeconds: 3600,
    role: 'editor',
    scopes: ['*'],
    sessionId: null,
  } as const;
  return mintAppToken(SECRET, { ...request, ...overrides }, at);
}

function signed(claims: Record<string, unknown>, secret = SECRET): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(secret));
}

test('an organization token owns its organization', async () => {
  const claims = await readToken(
    await mintOrganizationToken(SECRET, ORGANIZATION, { nowMs: NOW }),
    [SECRET],
    NOW,
  );
  assert.ok(!('refused' in claims));
  assert.deepEqual(
    [claims.organization, claims.applicationId, claims.role, claims.featureFlags],
    [ORGANIZATION, null, 'owner', null],
  );
});

test('an app token carries its application, flags, limits and the ms it was made in', async () => {
  const token = await appToken(
    { featureFlags: ['beta'], role: 'viewer', scopes: ['endpoint:read'], sessionId: 's' },
    NOW + 7,
  );
  const claims = await readToken(token, [SECRET], NOW + 8);
  assert.ok(!('refused' in claims));
  assert.deepEqual(
    [
      claims.applicationId,
      claims.featureFlags,
      claims.role,
      claims.scopes,
      claims.sessionId,
      claims.issuedAt,
    ],
    [APPLICATION, ['beta'], 'viewer', ['endpoint:read'], 's', NOW + 7],
  );
});

test('a token of the compatible server, signed with the same secret, is taken', async () => {
  const seconds = NOW / 1000;
  const claims = { iss: 'svix-server', sub: ORGANIZATION, iat: seconds, nbf: seconds, exp: seconds + 60 };
  assert.ok(!('refused' in (await readToken(await signed(claims), [SECRET], NOW))));
});

test('any of several secrets may have signed', async () => {
  const token = await mintOrganizationToken(SECRET, ORGANIZATION, { nowMs: NOW });
  assert.ok(!('refused' in (await readToken(token, ['another-secret-first', SECRET], NOW))));
  assert.ok('refused' in (await readToken(token, ['another-secret-only'], NOW)));
});

test('expired, early, foreign and malformed tokens are refused with a reason', async () => {
  const refusal = async (token: string, at = NOW): Promise<string> => {
    const claims = await readToken(token, [SECRET], at);
    return 'refused' in claims ? claims.refused : 'taken';
  };
  assert.match(await refusal(await appToken(), NOW + 3_601_000), /expired/);
  assert.match(await refusal(await appToken(), NOW - 10_000), /not valid yet/);
  assert.match(await refusal(await signed({ sub: 'someone' })), /name no organization/);
  assert.match(await refusal(await signed({ sub: `app_${APPLICATION}` })), /name no organization/);
  assert.match(await refusal('not.a.token'), /Invalid token/);
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(`{"sub":"${ORGANIZATION}"}`).toString('base64url')}.`;
  assert.match(await refusal(unsigned), /Invalid token/);
});

test('two tokens of one moment differ, so that one can be logged out alone', async () => {
  const [one, other] = [await appToken(), await appToken()];
  assert.notEqual(tokenHash(one), tokenHash(other));
  assert.notEqual(sessionHash(APPLICATION, 's'), sessionHash(APPLICATION, 't'));
});

test('limits of an app token that are written in another way are refused, not ignored', async () => {
  const claims = { sub: `app_${APPLICATION}`, org: ORGANIZATION };
  for (const limits of [
    { scopes: 'endpoint:read' },
    { scopes: [1] },
    { role: 'reader' },
    { role: ['viewer'] },
  ]) {
    const read = await readToken(await signed({ ...claims, ...limits }), [SECRET], NOW);
    assert.ok('refused' in read, JSON.stringify(limits));
  }
  const read = await readToken(await signed({ ...claims, role: 'viewer', scopes: [] }), [SECRET], NOW);
  assert.ok(!('refused' in read));
  assert.deepEqual([read.role, read.scopes], ['viewer', []]);
});
