/** The one form in which texts are compared (Unicode, NFC). */

/**
 * Putting the marks after a letter into their order takes time that grows with the square of their number: a stranger's
 * text of some millions would take hours. No writing has more than 30 (UAX #15, "Stream-Safe Text Format").
 */
const TOO_MANY_MARKS = /\p{M}{31}/u;

/** A text with more marks than any writing has is left as it is. */
export function normalForm(text: string): string {
  return TOO_MANY_MARKS.test(text) ? text : text.normalize('NFC');
}
