/** What a principal may do: its role and scopes, and the application that it may be confined to. */

import { allows, type Need, type Principal } from '../core/access/access.ts';
import { PREFIXES } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import type { Directory } from '../engine/engine.ts';

/** The path parameter that names the application on every route under one. */
const APPLICATION_PARAMETER = 'app_id';

/**
 * Throws (or rejects with) Problem: `insufficient access` for a route or action beyond the principal, `not_found` for
 * an application that is not its own: whether that exists is none of its business. Returns nothing when synchronous.
 */
export function authorize(
  principal: Principal,
  need: Need,
  request: { readonly params: Readonly<Record<string, string>>; readonly directory: Directory },
): void | Promise<void> {
  if (!allows(principal, need)) throw new Problem('insufficient access', explain(principal, need));
  if (principal.applicationId === null) return;
  const ref = request.params[APPLICATION_PARAMETER];
  if (ref === undefined || ref === PREFIXES.application + principal.applicationId) return;
  return checkOwnApplication(principal, ref, request.directory);
}

async function checkOwnApplication(principal: Principal, ref: string, directory: Directory): Promise<void> {
  const { application } = await directory.application(principal.organization, ref);
  if (application.id !== principal.applicationId) {
    throw new Problem('not_found', 'There is no such application. Check the id or uid in the path.');
  }
}

function explain(principal: Principal, need: Need): string {
  if (principal.applicationId !== null && need.scope === 'organization') {
    return 'This token is confined to one application; use an organization token or an API key of the organization.';
  }
  return `This needs the role "${need.role}" and the scope "${need.permission}"; use a token that has them.`;
}
