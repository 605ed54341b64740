/** What went wrong, in one sentence for people. */
const CHARS_MAX = 300;
const DEPTH_MAX = 6;

/** The innermost message of an error: libraries wrap what the server said, and lists of errors have no text at all. */
export function trouble(error: unknown): string {
  const told = deepest(error, 0) ?? 'The connection ended.';
  return told.length > CHARS_MAX ? `${told.slice(0, CHARS_MAX)}…` : told;
}

function deepest(error: unknown, depth: number): string | null {
  if (!(error instanceof Error)) return typeof error === 'string' && error !== '' ? error : null;
  const inner = error instanceof AggregateError ? error.errors.at(-1) : error.cause;
  const said = depth < DEPTH_MAX && inner !== undefined ? deepest(inner, depth + 1) : null;
  if (said !== null) return said;
  const code = 'code' in error ? String(error.code) : '';
  return error.message.trim() || code || null;
}
