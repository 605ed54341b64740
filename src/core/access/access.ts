/** Who calls, and what that allows. Replaced members keep these names. */
import type { ApplicationId, OrganizationId } from '../ids.ts';
import type { Role } from '../catalog/resources.ts';

export interface Principal {
  readonly kind: 'organization-token' | 'app-token' | 'api-key' | 'user' | 'system' | 'cli';
  readonly organization: OrganizationId;
  /** Confined to one application; null = the whole organization. */
  readonly applicationId: ApplicationId | null;
  readonly role: Role;
  /** `resource:read`, `resource:write`, `resource:*`, `*`. */
  readonly scopes: readonly string[];
  /** For the audit log: the token's subject, the key's id, … */
  readonly actorId: string;
  /** null = sees every event type; else hidden ones need their flag here. */
  readonly featureFlags: readonly string[] | null;
}

export interface Need {
  readonly role: Role;
  /** `application`: also principals confined to the application in the path. */
  readonly scope: 'organization' | 'application';
  /** `endpoint:write`, checked against the principal's scopes. */
  readonly permission: string;
}
