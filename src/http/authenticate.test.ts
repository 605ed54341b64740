import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiKeyHash, newApiKeyText, type Principal } from '../core/access/access.ts';
import type { ApiKey, Application } from '../core/catalog/resources.ts';
import type { ApplicationId, Id, OrganizationId } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import type { Directory } from '../engine/engine.ts';
import type { Catalog } from '../ports/catalog.ts';
import { API_KEY_FRESH_MS, createAuthenticator } from './authenticate.ts';
import { mintAppToken, mintOrganizationToken, sessionHash, tokenHash } from './tokens.ts';

const SECRET = 'a-secret-of-sufficient-length';
const ORGANIZATION = 'org_23rb8YdGqMT0qIzpgGwdXfHirMu' as OrganizationId;
const APPLICATION = '1srOrx2ZWZBpBUvZwXKQmoEYga2' as ApplicationId;
const KEY_TEXT = newApiKeyText(new Uint8Array(32).fill(7));

/** What the authenticator asks, as values that a test may change. */
function world() {
  const state = {
    now: Date.UTC(2026, 10, 23),
    application: { id: APPLICATION, tokensValidFrom: 0 } as Application,
    revoked: new Set<string>(),
    key: {
      id: 'k' as Id<string>,
      secretHash: apiKeyHash(KEY_TEXT),
      role: 'editor',
      scopes: ['*'],
    } as unknown as ApiKey,
    opened: [] as string[],
    lookUps: 0,
  };
  Object.assign(state.key, { applicationId: null, expiresAt: null, revokedAt: null });
  const directory = {
    applicationById: () => Promise.resolve({ application: state.application, destinations: [] }),
    isTokenRevoked: (_organization: string, hash: string) => Promise.resolve(state.revoked.has(hash)),
  } as unknown as Directory;
  const catalog = {
    openOrganization: (organization: string) => Promise.resolve(state.opened.push(organization)),
    findApiKey: (hash: string) => {
      state.lookUps++;
      return Promise.resolve(
        hash === state.key.secretHash ? { organization: ORGANIZATION, key: state.key } : null,
      );
    },
  } as unknown as Catalog;
  const authenticator = createAuthenticator({
    engine: { directory },
    storage: { catalog },
    clock: { now: () => state.now, after: () => () => undefined },
    jwtSecrets: [SECRET],
  });
  const ask = async (token: string): Promise<Principal> => authenticator.authenticate(`Bearer ${token}`);
  return { state, authenticator, ask };
}

function appToken(now: number, sessionId: string | null = null): Promise<string> {
  const whole = {
    featureFlags: [],
    lifetimeSeconds: 3600,
    role: 'editor',
    scopes: ['*'],
    sessionId,
  } as const;
  return mintAppToken(SECRET, { organization: ORGANIZATION, applicationId: APPLICATION, ...whole }, now);
}

const refused = (sentence: RegExp) => (error: unknown) =>
  error instanceof Problem && error.code === 'authentication_failed' && sentence.test(error.message);

test('the first use of an organization token makes the organization; the next is answered at once', async () => {
  const { state, authenticator, ask } = world();
  const token = await mintOrganizationToken(SECRET, ORGANIZATION, { nowMs: state.now });
  await ask(token);
  const known = authenticator.authenticate(`Bearer ${token}`);
  assert.ok(!(known instanceof Promise));
  assert.equal(known.role, 'owner');
  assert.deepEqual(state.opened, [ORGANIZATION]);
});

test('a known token ends when it expires', async () => {
  const { state, ask } = world();
  const token = await mintOrganizationToken(SECRET, ORGANIZATION, { nowMs: state.now, lifetimeSeconds: 60 });
  await ask(token);
  state.now += 60_000;
  await assert.rejects(ask(token), refused(/expired/));
});

test('a known app token ends with logout, with its session, and with expire-all', async () => {
  const { state, ask } = world();
  const token = await appToken(state.now, 'session-1');
  assert.equal((await ask(token)).applicationId, APPLICATION);
  state.revoked.add(tokenHash(token));
  await assert.rejects(ask(token), refused(/logged out/));
  state.revoked = new Set([sessionHash(APPLICATION, 'session-1')]);
  await assert.rejects(ask(token), refused(/logged out/));
  state.revoked.clear();
  state.application = { ...state.application, tokensValidFrom: state.now + 1 };
  await assert.rejects(ask(token), refused(/were expired/));
  state.now += 1;
  assert.ok(await ask(await appToken(state.now)));
});

test('a cut-off that begins later leaves tokens alone until then', async () => {
  const { state, ask } = world();
  const token = await appToken(state.now);
  state.application = {
    ...state.application,
    tokensExpiring: [{ issuedBefore: state.now + 1, from: state.now + 5000 }],
  };
  assert.ok(await ask(token));
  state.now += 5000;
  await assert.rejects(ask(token), refused(/were expired/));
});

test('an API key is looked up once, again after a while, and again when keys were written', async () => {
  const { state, authenticator, ask } = world();
  assert.equal((await ask(KEY_TEXT)).kind, 'api-key');
  await ask(KEY_TEXT);
  assert.equal(state.lookUps, 1);
  state.key = { ...state.key, revokedAt: state.now };
  authenticator.forgetApiKeys();
  await assert.rejects(ask(KEY_TEXT), refused(/revoked/));
  state.key = { ...state.key, revokedAt: null };
  state.now += API_KEY_FRESH_MS + 1;
  assert.ok(await ask(KEY_TEXT));
  assert.equal(state.lookUps, 3);
});

test('a key that is revoked while it is being read is not remembered as good', async () => {
  const { state, authenticator, ask } = world();
  const asking = ask(KEY_TEXT);
  authenticator.forgetApiKeys();
  await asking;
  state.key = { ...state.key, revokedAt: state.now };
  await assert.rejects(ask(KEY_TEXT), refused(/revoked/));
});

test('an expired key and an unknown key are refused', async () => {
  const { state, ask } = world();
  await assert.rejects(ask(newApiKeyText(new Uint8Array(32).fill(8))), refused(/Invalid token/));
  state.key = { ...state.key, expiresAt: state.now };
  await assert.rejects(ask(KEY_TEXT), refused(/expired/));
});

test('what is no token is refused with what to send', async () => {
  const { authenticator, ask } = world();
  const refuses = (header: string | undefined, sentence: RegExp): Promise<void> =>
    assert.rejects(async () => authenticator.authenticate(header), refused(sentence));
  await refuses(undefined, /Authorization header/);
  await refuses('Basic dXNlcjpwYXNz', /"Bearer <token>"/);
  await refuses(`Bearer ${'x'.repeat(9000)}`, /"Bearer <token>"/);
  await refuses('Bearer whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', /signing secret/);
  await assert.rejects(ask('phk_short'), refused(/Invalid token/));
});

test('two tokens used in turn are both known, and a refreshed key stays known', async () => {
  const { state, ask } = world();
  const token = await mintOrganizationToken(SECRET, ORGANIZATION, { nowMs: state.now });
  for (let turn = 0; turn < 3; turn++) {
    assert.equal((await ask(token)).kind, 'organization-token');
    assert.equal((await ask(KEY_TEXT)).kind, 'api-key');
  }
  assert.deepEqual([state.opened.length, state.lookUps], [1, 1]);
  state.now += API_KEY_FRESH_MS + 1;
  await ask(KEY_TEXT);
  await ask(KEY_TEXT);
  assert.equal(state.lookUps, 2);
});
