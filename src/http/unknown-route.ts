/** What is wrong with a request that no route takes: the path, or only its method. */
import { Problem } from '../core/problem.ts';
import type { Operation } from './define-operation.ts';

export interface UnknownRoute {
  readonly problem: Problem;
  /** Value of the Allow header (RFC 9110 §15.5.6), when only the method is wrong. */
  readonly allow: string | null;
}

export function explainUnknownRoute(
  method: string,
  url: string,
  operations: readonly Operation[],
): UnknownRoute {
  const path = url.split('?', 1)[0]!.replace(/(?<=.)\/+$/, '');
  const methods = operations.filter((one) => templateMatches(one.path, path)).map((one) => one.method);
  if (methods.length === 0) {
    const detail = `Nothing is served at this path by ${method}. Compare it with /docs.`;
    return { problem: new Problem('not_found', detail), allow: null };
  }
  const allow = [...new Set(methods)].sort().join(', ');
  return { problem: new Problem('method_not_allowed', `This path takes ${allow}.`), allow };
}

/** Segment by segment, as the router does; `{name}` takes any one segment. */
function templateMatches(template: string, path: string): boolean {
  const wanted = template.split('/');
  const given = path.split('/');
  return (
    wanted.length === given.length &&
    wanted.every((part, index) => part.startsWith('{') || part === given[index])
  );
}
