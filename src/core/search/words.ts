/** Words of a text as search sees them: lower case, one width (NFKC), runs of letters and digits; one per ideograph. */

const ASCII = /^[\x20-\x7e\s]*$/;
const ASCII_WORD = /[a-z0-9_]+/g;
const WORD =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])[\p{L}\p{N}\p{M}_])+/gu;
/** The rest of a longer word is not looked at. */
const WORD_CHARS_MAX = 64;

/** Of a long text piece by piece: `piecesOf`. */
export function wordsOf(text: string): readonly string[] {
  const found = ASCII.test(text)
    ? text.toLowerCase().match(ASCII_WORD)
    : text.normalize('NFKC').toLowerCase().match(WORD);
  if (found === null) return [];
  return found.map((word) => (word.length > WORD_CHARS_MAX ? word.slice(0, WORD_CHARS_MAX) : word));
}

/** Characters of a piece: what one look for words takes grows with the square of it at worst. */
const PIECE_CHARS_MAX = 1024;
/** Where a text is cut: spaces, ASCII marks before the digits, and those of texts without spaces. */
const BETWEEN_WORDS = /[\s!-/\u3001\u3002\uff0c]/;

/** A text in pieces whose words are its words, but where a piece is full and nothing stands between words. */
export function* piecesOf(text: string): Generator<string> {
  for (let from = 0; from < text.length; ) {
    let end = from + PIECE_CHARS_MAX;
    if (end >= text.length) end = text.length;
    else {
      let cut = end;
      while (cut > from && !BETWEEN_WORDS.test(text[cut - 1]!)) cut--;
      if (cut > from) end = cut;
    }
    yield text.slice(from, end);
    from = end;
  }
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
