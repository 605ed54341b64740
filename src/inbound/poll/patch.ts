/** What changed between two values as a JSON Patch (RFC 6902), at a bounded price. */
import { createPatch, type Operation } from 'rfc6902';

/** Both values together; larger ones are given whole and without a diff. */
const TEXT_CHARS_MAX = 131_072;
/**
 * Pairs of list elements that are compared. The shortest edit of two lists costs the product of their lengths, and
 * lists in lists multiply; past this a list that differs is replaced as a whole, which is a right patch as well.
 */
const PAIRS_MAX = 20_000;

/** null = too large to compare. */
export function patchOf(before: unknown, after: unknown): Operation[] | null {
  if (JSON.stringify(before).length + JSON.stringify(after).length > TEXT_CHARS_MAX) return null;
  let pairs = 0;
  return createPatch(before, after, (a, b, pointer) => {
    if (!Array.isArray(a) || !Array.isArray(b)) return undefined;
    pairs += a.length * b.length;
    if (pairs <= PAIRS_MAX) return undefined;
    return JSON.stringify(a) === JSON.stringify(b)
      ? []
      : [{ op: 'replace', path: pointer.toString(), value: b }];
  });
}
