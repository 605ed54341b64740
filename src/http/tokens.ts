/**
 * Access tokens: HS256 JWTs as the compatible API has them. An organization's token has `sub: org_…`; an app's has
 * `sub: app_…` and `org: org_…`. What an app token may do beyond the defaults is in claims of our own.
 */
import { createHash, randomBytes } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import type { Role } from '../core/catalog/resources.ts';
import { type ApplicationId, type OrganizationId, parseId, renderId } from '../core/ids.ts';

const ISSUER = 'posthorn';
/** Ten years, as the compatible server gives; API keys are the ones to revoke. */
const ORGANIZATION_TOKEN_SECONDS_DEFAULT = 10 * 365 * 86_400;
/** No app token lives longer, so what revokes one may be forgotten after this. */
export const APP_TOKEN_SECONDS_MAX = 28 * 86_400;
/** Letters after `org_`: more than the 27 of an id, so that imported subjects fit. */
const ORGANIZATION = /^org_[A-Za-z0-9_-]{1,124}$/;

/** Roles that an app token may claim. */
const ROLES: ReadonlyMap<unknown, Role> = new Map([
  ['viewer', 'viewer'],
  ['editor', 'editor'],
]);

export interface TokenClaims {
  readonly organization: OrganizationId;
  /** null = an organization's token. */
  readonly applicationId: ApplicationId | null;
  readonly subject: string;
  readonly featureFlags: readonly string[] | null;
  readonly role: Role;
  readonly scopes: readonly string[];
  readonly sessionId: string | null;
  /** Ms since the epoch; 0 = the token does not say. */
  readonly issuedAt: number;
  /** Ms since the epoch; Infinity = never. */
  readonly expiresAt: number;
}

function isOrganizationId(text: string): text is OrganizationId {
  return ORGANIZATION.test(text);
}

/** A token for everything in an organization, valid for ten years unless told otherwise. */
export function mintOrganizationToken(
  secret: string,
  organization: OrganizationId,
  options: { readonly nowMs: number; readonly lifetimeSeconds?: number },
): Promise<string> {
  const issuedAt = Math.floor(options.nowMs / 1000);
  const lifetimeSeconds = options.lifetimeSeconds ?? ORGANIZATION_TOKEN_SECONDS_DEFAULT;
  return new SignJWT({})
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer(ISSUER)
    .setSubject(organization)
    .setIssuedAt(issuedAt)
    .setNotBefore(issuedAt)
    .setExpirationTime(issuedAt + lifetimeSeconds)
    .sign(keyOf(secret));
}

export interface AppTokenRequest {
  readonly organization: OrganizationId;
  readonly applicationId: ApplicationId;
  readonly featureFlags: readonly string[];
  readonly lifetimeSeconds: number;
  readonly role: Role;
  readonly scopes: readonly string[];
  readonly sessionId: string | null;
}

/** A token confined to one application. */
export function mintAppToken(secret: string, request: AppTokenRequest, nowMs: number): Promise<string> {
  // NumericDate may have decimals (RFC 7519 §2): with whole seconds, expire-all could not tell the tokens that were
  // minted just before it from those minted just after.
  const issuedAt = nowMs / 1000;
  const claims: Record<string, unknown> = { org: request.organization, feature_flags: request.featureFlags };
  if (request.role !== 'editor') claims.role = request.role;
  if (request.scopes.length !== 1 || request.scopes[0] !== '*') claims.scopes = request.scopes;
  if (request.sessionId !== null) claims.sid = request.sessionId;
  return (
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer(ISSUER)
      .setSubject(renderId(request.applicationId, 'application'))
      // Two tokens minted in the same second must differ, or logging one out would log out the other.
      .setJti(randomBytes(12).toString('base64url'))
      .setIssuedAt(issuedAt)
      .setNotBefore(Math.floor(issuedAt))
      .setExpirationTime(Math.floor(issuedAt) + request.lifetimeSeconds)
      .sign(keyOf(secret))
  );
}

export const INVALID_TOKEN =
  'Invalid token: send one whole and unchanged that this server gave: `posthorn token` prints one.';

/** What the token says, or a sentence why it does not count. Signature, expiry and shape are checked here. */
export async function readToken(
  token: string,
  secrets: readonly string[],
  nowMs: number,
): Promise<TokenClaims | { readonly refused: string }> {
  for (const secret of secrets) {
    try {
      const { payload } = await jwtVerify(token, keyOf(secret), {
        algorithms: ['HS256'],
        currentDate: new Date(nowMs),
      });
      return (
        readClaims(payload) ?? {
          refused:
            'Invalid token: its claims name no organization or application, or limits that are not known here.',
        }
      );
    } catch (error) {
      // Another secret may still fit; anything else about the token is final.
      if (error instanceof errors.JWSSignatureVerificationFailed) continue;
      if (error instanceof errors.JWTExpired) return { refused: 'The token has expired. Ask for a new one.' };
      if (error instanceof errors.JWTClaimValidationFailed)
        return { refused: 'The token is not valid yet or not for us.' };
      if (error instanceof errors.JOSEError) return { refused: INVALID_TOKEN };
      throw error;
    }
  }
  return { refused: INVALID_TOKEN };
}

function readClaims(payload: Readonly<Record<string, unknown>>): TokenClaims | null {
  const subject = payload.sub;
  if (typeof subject !== 'string') return null;
  const dates = {
    issuedAt: seconds(payload.iat, 0),
    expiresAt: seconds(payload.exp, Number.POSITIVE_INFINITY),
  };
  if (isOrganizationId(subject)) {
    const whole = {
      applicationId: null,
      featureFlags: null,
      role: 'owner',
      scopes: ['*'],
      sessionId: null,
    } as const;
    return { organization: subject, subject, ...whole, ...dates };
  }
  const organization = payload.org;
  const applicationId = parseId<'application'>(subject, 'application');
  if (applicationId === undefined || typeof organization !== 'string' || !isOrganizationId(organization))
    return null;
  // Limits that are written in another way than ours must not read as none.
  const role = payload.role === undefined ? 'editor' : ROLES.get(payload.role);
  const scopes = payload.scopes === undefined ? ['*'] : texts(payload.scopes);
  if (role === undefined || scopes === undefined) return null;
  return {
    organization,
    applicationId,
    subject,
    featureFlags: texts(payload.feature_flags) ?? [],
    role,
    scopes,
    sessionId: typeof payload.sid === 'string' ? payload.sid : null,
    ...dates,
  };
}

function seconds(claim: unknown, missing: number): number {
  return typeof claim === 'number' ? Math.round(claim * 1000) : missing;
}

function texts(claim: unknown): readonly string[] | undefined {
  return Array.isArray(claim) && claim.every((one) => typeof one === 'string') ? claim : undefined;
}

function keyOf(secret: string): Uint8Array {
  return new TextEncoder().encode(secret);
}

/** Name of a token in the list of revoked ones (SHA-256, base64url): the token itself is kept nowhere. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** Name of a portal session in the same list; no token's hash can equal it. */
export function sessionHash(applicationId: ApplicationId, sessionId: string): string {
  return tokenHash(`session\n${applicationId}\n${sessionId}`);
}
