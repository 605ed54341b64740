import type { OrganizationId } from '../core/ids.ts';
import { mintOrganizationToken } from '../http/tokens.ts';
import type { Secrets } from './secrets.ts';

/** The organization of the quick start; any other `org_…` is as good. */
export const DEFAULT_ORGANIZATION = 'org_23rb8YdGqMT0qIzpgGwdXfHirMu';

export function mintToken(
  secrets: Secrets,
  options: { organization?: string; hours: number },
): Promise<string> {
  return mintOrganizationToken(
    secrets.jwtSecrets[0]!,
    (options.organization ?? DEFAULT_ORGANIZATION) as OrganizationId,
    { nowMs: Date.now(), lifetimeSeconds: Math.round(options.hours * 3600) },
  );
}
