/**
 * The members of a resource's document that can be looked up by, for a driver whose JSON functions cannot read every
 * document: PostgreSQL's refuse U+0000 and unpaired surrogates. Top-level scalars only; texts up to a length, since
 * nothing looks for a description.
 */
const FACET_CHARS_MAX = 200;

/** A JSON object. The writer of a resource and the move from another store must agree on it. */
export function facetsOf(document: object): string {
  return JSON.stringify(Object.fromEntries(Object.entries(document).filter(([, value]) => isFacet(value))));
}

function isFacet(value: unknown): boolean {
  if (typeof value !== 'string')
    return value === null || typeof value === 'number' || typeof value === 'boolean';
  return value.length <= FACET_CHARS_MAX && !value.includes('\u0000') && value.isWellFormed();
}
