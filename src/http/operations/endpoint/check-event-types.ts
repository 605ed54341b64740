import { seesFlags } from '../../../core/access/access.ts';
import { invalid } from '../../../core/problem.ts';
import type { Call } from '../../define-operation.ts';

type Asker = Pick<Call, 'engine' | 'organization' | 'principal'>;

/** Event types that an endpoint listens to exist, are not archived, and are ones that the caller may see. */
export async function checkEventTypes(
  call: Asker,
  names: readonly string[] | null | undefined,
): Promise<void> {
  const missing: string[] = [];
  for (const name of names ?? []) {
    const type = await call.engine.directory.eventType(call.organization, name);
    if (type === undefined || type.archived || !seesFlags(call.principal, type.featureFlags))
      missing.push(name);
  }
  if (missing.length > 0) {
    throw invalid(
      ['body', 'eventTypes'],
      `There are no event types ${missing.map((name) => JSON.stringify(name)).join(', ')}: create them first, or leave them out.`,
    );
  }
}
