/**
 * Terms as they are stored here: folded to 32 bits, with their owner mixed in, so that what another tenant has in great
 * number costs nothing here. Two terms in the same 32 bits name an event too many now and then, which is looked at again.
 */

const OVERFLOW = 2 ** 47 + 1;

export function storedTerm(scopeNo: number, term: number): number {
  const high = Math.floor(term / 2 ** 32);
  return (
    (Math.imul(term | 0, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b) ^ Math.imul(scopeNo | 0, 0xc2b2ae35)) | 0
  );
}

/** Of an event with more terms than are kept. */
export function overflowTerm(scopeNo: number): number {
  return storedTerm(scopeNo, OVERFLOW);
}

/** As PostgreSQL writes an array. */
export function storedTerms(
  scopeNo: number,
  { terms, overflows }: { terms: readonly number[]; overflows: boolean },
): string {
  const stored = overflows
    ? [overflowTerm(scopeNo)]
    : new Set(terms.map((term) => storedTerm(scopeNo, term)));
  return `{${[...stored].join(',')}}`;
}
