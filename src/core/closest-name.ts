const DISTANCE_MAX = 2;
/** A name of four letters may have one wrong. */
const LETTERS_PER_EDIT = 3;

/** The one of `names` that was probably meant: at most two edits away, whatever its case. */
export function closestName(wrong: string, names: Iterable<string>): string | undefined {
  const lower = wrong.toLowerCase();
  let best: string | undefined;
  let bestDistance = DISTANCE_MAX + 1;
  for (const name of names) {
    const distance = name.toLowerCase() === lower ? 0 : editDistance(lower, name.toLowerCase());
    if (distance < bestDistance && distance <= name.length / LETTERS_PER_EDIT)
      [best, bestDistance] = [name, distance];
  }
  return best;
}

/** Levenshtein, one row at a time; names are short. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > DISTANCE_MAX) return DISTANCE_MAX + 1;
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
