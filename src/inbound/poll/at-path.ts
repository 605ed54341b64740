/** Paths into JSON: `/a/0/b~1c` (JSON Pointer, RFC 6901), or `a.0.b` for short; `-1` is the last of a list. */

/** The steps of a path; '' = the document itself. */
export function stepsOf(path: string): readonly string[] {
  if (path === '') return [];
  if (!path.startsWith('/')) return path.split('.');
  return path
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** undefined = there is nothing. Only own members count. */
export function valueAt(document: unknown, steps: readonly string[]): unknown {
  let value = document;
  for (const step of steps) {
    if (Array.isArray(value)) value = /^(-1|\d{1,9})$/.test(step) ? value.at(Number(step)) : undefined;
    else if (typeof value === 'object' && value !== null && Object.hasOwn(value, step))
      value = (value as Record<string, unknown>)[step];
    else return undefined;
  }
  return value;
}
