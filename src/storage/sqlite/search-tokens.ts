/**
 * Terms as words of a full-text index. Each begins with the number of its scope: what another tenant has in great number
 * costs nothing here.
 */

const tokenOf = (scopeNo: number, term: number): string => `${scopeNo}x${term.toString(36)}`;
/** Of an event with more terms than are kept. */
const overflowOf = (scopeNo: number): string => `${scopeNo}y`;

/** The text to index. */
export function tokensOf(
  scopeNo: number,
  { terms, overflows }: { terms: readonly number[]; overflows: boolean },
): string {
  return overflows ? overflowOf(scopeNo) : terms.map((term) => tokenOf(scopeNo, term)).join(' ');
}

/** Rows that have all of the terms, and those that may have any. */
export function matchOf(scopeNo: number, terms: readonly number[]): string {
  return `(${terms.map((term) => tokenOf(scopeNo, term)).join(' AND ')}) OR ${overflowOf(scopeNo)}`;
}
