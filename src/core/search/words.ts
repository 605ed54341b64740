/** Words of a text as search sees them: lower case, one width (NFKC), runs of letters and digits; one per ideograph. */

const ASCII = /^[\x20-\x7e\s]*$/;
const ASCII_WORD = /[a-z0-9_]+/g;
const WORD =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])[\p{L}\p{N}\p{M}_])+/gu;
/** The rest of a longer word is not looked at. */
const WORD_CHARS_MAX = 64;

export function wordsOf(text: string): readonly string[] {
  const found = ASCII.test(text)
    ? text.toLowerCase().match(ASCII_WORD)
    : text.normalize('NFKC').toLowerCase().match(WORD);
  if (found === null) return [];
  return found.map((word) => (word.length > WORD_CHARS_MAX ? word.slice(0, WORD_CHARS_MAX) : word));
}

/** What is asked for: single words, and phrases whose words follow each other in one text. */
export interface AskedText {
  readonly words: readonly string[];
  readonly phrases: readonly (readonly string[])[];
}

export function askedText(text: string): AskedText {
  const words: string[] = [];
  const phrases: (readonly string[])[] = [];
  // Every second part was in quotes; a quote that is never closed is none.
  const parts = text.split('"');
  for (const [i, part] of parts.entries()) {
    const found = wordsOf(part);
    if (i % 2 === 1 && i < parts.length - 1 && found.length > 1) phrases.push(found);
    else words.push(...found);
  }
  return { words, phrases };
}
