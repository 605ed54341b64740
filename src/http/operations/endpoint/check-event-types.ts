import { seesFlags } from '../../../core/access/access.ts';
import { invalid } from '../../../core/problem.ts';
import type { Call } from '../../define-operation.ts';

type Asker = Pick<Call, 'engine' | 'organization' | 'principal'>;

interface Given {
  readonly eventTypes?: readonly string[] | null | undefined;
  /** The older name of the same. */
  readonly filterTypes?: readonly string[] | null | undefined;
}

/** Event types that an endpoint listens to exist, are not archived, and are ones that the caller may see. */
export async function checkEventTypes(call: Asker, given: Given): Promise<void> {
  const member = given.eventTypes === undefined ? 'filterTypes' : 'eventTypes';
  const missing: string[] = [];
  for (const name of given[member] ?? []) {
    const type = await call.engine.directory.eventType(call.organization, name);
    if (type === undefined || type.archived || !seesFlags(call.principal, type.featureFlags))
      missing.push(name);
  }
  if (missing.length > 0) {
    throw invalid(
      ['body', member],
      `There are no event types ${missing.map((name) => JSON.stringify(name)).join(', ')}: create them first, or leave them out.`,
    );
  }
}
