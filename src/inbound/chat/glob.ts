/** `*` for any characters and `?` for one; in time that grows with the product of both lengths at worst. */
export function matchesGlob(pattern: string, text: string): boolean {
  let [p, t] = [0, 0];
  let [star, mark] = [-1, 0];
  while (t < text.length) {
    if (pattern[p] === '*') [star, mark] = [p++, t];
    else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) [p, t] = [p + 1, t + 1];
    else if (star < 0) return false;
    else {
      // The last star takes one character more.
      p = star + 1;
      t = ++mark;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
