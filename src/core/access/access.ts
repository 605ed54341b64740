/** Who asks, and whether they may. */
import { createHash } from 'node:crypto';
import type { Role } from '../catalog/resources.ts';
import type { ApplicationId, OrganizationId } from '../ids.ts';

interface PrincipalOf<Kind extends string> {
  readonly kind: Kind;
  readonly organization: OrganizationId;
  /** Confines it to one application; null = the whole organization. */
  readonly applicationId: ApplicationId | null;
  readonly role: Role;
  /** `*`, `<resource>:*`, `<resource>:read`, `<resource>:write`. */
  readonly scopes: readonly string[];
  /** Who it was, for the audit log: a token's subject, a key's id, a user's id. */
  readonly actorId: string;
  /** Event types behind a flag that is not listed are hidden from it; null = it sees all. */
  readonly featureFlags: readonly string[] | null;
}

export type OrganizationToken = PrincipalOf<'organization-token'>;
export type AppToken = PrincipalOf<'app-token'>;
export type ApiKeyHolder = PrincipalOf<'api-key'>;
export type User = PrincipalOf<'user'>;
export type Principal = OrganizationToken | AppToken | ApiKeyHolder | User;

/** What an operation asks of its caller. */
export interface Need {
  readonly role: Role;
  /** `application`: on one application, and the caller's own when it is confined to one. */
  readonly scope: 'organization' | 'application';
  /** `<resource>:read` or `<resource>:write`. */
  readonly permission: string;
}

/** The permission of what every principal may do, whatever its scopes: end its own access. */
export const OWN_ACCESS = 'own-access:write';

/** Each role may do what those before it may. */
const RANKS: Readonly<Record<Role, number>> = { viewer: 0, editor: 1, owner: 2 };
const SCOPE = /^(?:\*|[a-z][a-z-]{0,63}:(?:read|write|\*))$/;
export const SCOPES_MAX = 50;

/** Role, reach and scope, all three. Which application it is, is checked where the application is looked up. */
export function allows(principal: Principal, need: Need): boolean {
  if (RANKS[principal.role] < RANKS[need.role]) return false;
  if (need.scope === 'organization' && principal.applicationId !== null) return false;
  return isInScope(principal.scopes, need.permission);
}

/** Whether a principal may touch what belongs to this application. */
export function reaches(principal: Principal, applicationId: ApplicationId): boolean {
  return principal.applicationId === null || principal.applicationId === applicationId;
}

/** Whether an event type behind these flags is shown to a principal. */
export function seesFlags(principal: Principal, flags: readonly string[]): boolean {
  const { featureFlags } = principal;
  return featureFlags === null || flags.length === 0 || flags.some((flag) => featureFlags.includes(flag));
}

/** True when the text is a scope that a key can be given. */
export function isScope(text: string): boolean {
  return SCOPE.test(text);
}

const KEY_PREFIX = 'phk_';
export const API_KEY_RANDOM_BYTES = 32;
const KEY_TEXT = /^phk_[\w-]{43}$/;

/** The text of a new API key, shown once: `phk_` and 32 bytes from the dice as base64url. */
export function newApiKeyText(random: Uint8Array): string {
  if (random.length < API_KEY_RANDOM_BYTES)
    throw new RangeError(`An API key takes ${API_KEY_RANDOM_BYTES} random bytes.`);
  return KEY_PREFIX + Buffer.from(random.subarray(0, API_KEY_RANDOM_BYTES)).toString('base64url');
}

/** True when a bearer token is an API key and not a JWT. */
export function isApiKeyText(text: string): boolean {
  return KEY_TEXT.test(text);
}

/** What is stored of a key: SHA-256 (base64url) of its part after `phk_`. 256 random bits need no slow hash. */
export function apiKeyHash(text: string): string {
  return createHash('sha256').update(text.slice(KEY_PREFIX.length)).digest('base64url');
}

function isInScope(scopes: readonly string[], permission: string): boolean {
  if (permission === OWN_ACCESS) return true;
  const ofResource = `${permission.slice(0, permission.indexOf(':'))}:*`;
  return scopes.some((scope) => scope === '*' || scope === permission || scope === ofResource);
}
