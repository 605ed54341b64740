import type { EventType } from '../../../core/catalog/resources.ts';
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
    if (type === undefined || type.archived || !isVisible(call, type)) missing.push(name);
  }
  if (missing.length > 0) {
    throw invalid(
      ['body', 'eventTypes'],
      `There are no event types ${missing.map((name) => JSON.stringify(name)).join(', ')}: create them first, or leave them out.`,
    );
  }
}

/** Tokens with feature flags see the types that ask for none, or for one of theirs. */
export function isVisible(call: Pick<Call, 'principal'>, type: EventType): boolean {
  const flags = call.principal.featureFlags;
  return (
    flags === null || type.featureFlags.length === 0 || type.featureFlags.some((flag) => flags.includes(flag))
  );
}
