/**
 * Who calls: `Authorization: Bearer` with a JWT (tokens.ts) or an API key (`phk_…`). What a token means is cached, so
 * that a known one costs a map look-up; what can change under it (logout, expire-all, revocation) is asked each time.
 */
import { timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { apiKeyHash, isApiKeyText, type Principal } from '../core/access/access.ts';
import { tokensValidFrom } from '../core/access/token-cutoffs.ts';
import type { ApiKey } from '../core/catalog/resources.ts';
import type { ApplicationId, OrganizationId } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import type { Engine, LoadedApplication } from '../engine/engine.ts';
import type { Clock } from '../ports/clock.ts';
import type { Storage } from '../ports/storage.ts';
import { INVALID_TOKEN, readToken, sessionHash, type TokenClaims, tokenHash } from './tokens.ts';

/** Tokens whose meaning is kept in memory. */
const TOKENS_CACHED_MAX = 10_000;
/** An API key is looked up again after this, so that another process's revocation counts too. */
export const API_KEY_FRESH_MS = 1_000;
/** Characters of a token; longer ones are not looked at. */
const TOKEN_CHARS_MAX = 8_192;

export interface Authenticator {
  /** Throws (or rejects with) Problem authentication_failed. Synchronous for a known organization token. */
  authenticate(authorization: string | undefined): Principal | Promise<Principal>;
  /** Call after API keys were written: what is cached about them is looked up again. */
  forgetApiKeys(): void;
}

export interface AuthenticatorParts {
  readonly engine: Pick<Engine, 'directory'>;
  readonly storage: Pick<Storage, 'catalog'>;
  readonly clock: Clock;
  readonly jwtSecrets: readonly string[];
}

interface KnownToken {
  readonly kind: 'token';
  readonly principal: Principal;
  /** Refused from this instant on. */
  readonly expiresAt: number;
  /** null = nothing can revoke it (an organization's token). */
  readonly revocable: {
    readonly hash: string;
    readonly claims: TokenClaims;
    readonly applicationId: ApplicationId;
  } | null;
}

interface KnownKey {
  readonly kind: 'key';
  readonly organization: OrganizationId;
  readonly key: ApiKey;
  readonly principal: Principal;
  readonly readAt: number;
  /** Counts the times that keys were written: what was read before the last time is old. */
  readonly generation: number;
}

type Known = KnownToken | KnownKey;

export function createAuthenticator(parts: AuthenticatorParts): Authenticator {
  const cache = new LRUCache<string, Known>({ max: TOKENS_CACHED_MAX });
  // Most publishers send one token: comparing it is cheaper than hashing it for the cache.
  let latestText: string | undefined;
  let latest: Known | undefined;
  let generation = 0;

  function admit(known: Known): Principal | Promise<Principal> | undefined {
    const now = parts.clock.now();
    if (known.kind === 'token') return admitToken(known, now, parts);
    const isFresh = known.generation === generation && now - known.readAt <= API_KEY_FRESH_MS;
    return isFresh ? admitKey(known, now) : undefined;
  }

  async function learn(authorization: string | undefined): Promise<Principal> {
    const token = checkSpelling(bearer(authorization));
    const known = isApiKeyText(token)
      ? await readKey(token, parts, generation)
      : await learnToken(token, parts);
    const principal = known.kind === 'key' ? admitKey(known, parts.clock.now()) : await admit(known)!;
    cache.set(authorization!, known);
    if (authorization === latestText) latest = known;
    return principal;
  }

  function authenticate(authorization: string | undefined): Principal | Promise<Principal> {
    if (authorization === undefined) return learn(authorization);
    const known = authorization === latestText ? latest : cache.get(authorization);
    if (known === undefined) return learn(authorization);
    latestText = authorization;
    latest = known;
    return admit(known) ?? learn(authorization);
  }

  return { authenticate, forgetApiKeys: () => void generation++ };
}

async function learnToken(token: string, parts: AuthenticatorParts): Promise<KnownToken> {
  const claims = await readToken(token, parts.jwtSecrets, parts.clock.now());
  if ('refused' in claims) throw refuse(claims.refused);
  await parts.storage.catalog.openOrganization(claims.organization);
  return knownToken(token, claims);
}

/** `generation` as it was before reading: a revocation written meanwhile makes what was read old. */
async function readKey(secret: string, parts: AuthenticatorParts, generation: number): Promise<KnownKey> {
  const hash = apiKeyHash(secret);
  const found = await parts.storage.catalog.findApiKey(hash);
  if (found === null || !equal(found.key.secretHash, hash)) throw refuse(INVALID_TOKEN);
  const { applicationId } = found.key;
  if (applicationId !== null) await loadApplication(parts, found.organization, applicationId);
  return { kind: 'key', ...found, principal: keyPrincipal(found), readAt: parts.clock.now(), generation };
}

function admitToken(
  known: KnownToken,
  now: number,
  parts: AuthenticatorParts,
): Principal | Promise<Principal> {
  if (known.expiresAt <= now) throw refuse('The token has expired. Ask for a new one.');
  return known.revocable === null ? known.principal : checkRevocable(known, parts);
}

function bearer(authorization: string | undefined): string {
  if (authorization === undefined) {
    throw refuse('Send an access token in the Authorization header: "Bearer <token>".');
  }
  const token = /^bearer +(\S+) *$/i.exec(authorization)?.[1];
  if (token === undefined || token.length > TOKEN_CHARS_MAX) {
    throw refuse('The Authorization header must be "Bearer <token>".');
  }
  return token;
}

/** Mix-ups that deserve a better answer than "Invalid token". */
function checkSpelling(token: string): string {
  if (/^(whsec|whsk|whpk)_/.test(token)) {
    throw refuse(
      'This is an endpoint’s signing secret, which receivers verify with. Send an access token instead: the API wants ' +
        'an organization token, an app token or an API key.',
    );
  }
  return token;
}

function knownToken(token: string, claims: TokenClaims): KnownToken {
  const { applicationId } = claims;
  const principal: Principal = {
    kind: applicationId === null ? 'organization-token' : 'app-token',
    organization: claims.organization,
    applicationId,
    role: claims.role,
    scopes: claims.scopes,
    actorId: claims.subject,
    featureFlags: claims.featureFlags,
  };
  const revocable = applicationId === null ? null : { hash: tokenHash(token), claims, applicationId };
  return { kind: 'token', principal, expiresAt: claims.expiresAt, revocable };
}

/** App tokens end with logout, with `expire-all`, and with their application. */
async function checkRevocable(known: KnownToken, parts: AuthenticatorParts): Promise<Principal> {
  const { organization } = known.principal;
  const { hash, claims, applicationId } = known.revocable!;
  const { application } = await loadApplication(parts, organization, applicationId);
  if (claims.issuedAt < tokensValidFrom(application, parts.clock.now())) {
    throw refuse('All tokens of this application were expired. Ask for a new one.');
  }
  const isRevoked = await parts.engine.directory.isTokenRevoked(organization, hash);
  const session = claims.sessionId === null ? null : sessionHash(applicationId, claims.sessionId);
  if (
    isRevoked ||
    (session !== null && (await parts.engine.directory.isTokenRevoked(organization, session)))
  ) {
    throw refuse('This token was logged out. Ask for a new one.');
  }
  return known.principal;
}

async function loadApplication(
  parts: AuthenticatorParts,
  organization: OrganizationId,
  id: ApplicationId,
): Promise<LoadedApplication> {
  try {
    return await parts.engine.directory.applicationById(organization, id);
  } catch (error) {
    if (error instanceof Problem && error.code === 'not_found') {
      throw refuse('The application of this token or key does not exist any more.');
    }
    throw error;
  }
}

function keyPrincipal(found: { readonly organization: OrganizationId; readonly key: ApiKey }): Principal {
  return {
    kind: 'api-key',
    organization: found.organization,
    applicationId: found.key.applicationId,
    role: found.key.role,
    scopes: found.key.scopes,
    actorId: found.key.id,
    featureFlags: found.key.applicationId === null ? null : (found.key.featureFlags ?? []),
  };
}

function admitKey(known: KnownKey, now: number): Principal {
  if (known.key.revokedAt !== null) throw refuse('This API key was revoked. Make a new one.');
  if (known.key.expiresAt !== null && known.key.expiresAt <= now) {
    throw refuse('This API key has expired. Make a new one.');
  }
  return known.principal;
}

function equal(one: string, other: string): boolean {
  const left = Buffer.from(one);
  const right = Buffer.from(other);
  return left.length === right.length && timingSafeEqual(left, right);
}

function refuse(detail: string): Problem {
  return new Problem('authentication_failed', detail);
}
