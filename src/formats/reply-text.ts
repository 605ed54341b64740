/**
 * What somebody wrote, without what their program quoted below or above it. A guess that prefers to keep too much:
 * lines that begin with `>`, what follows "On … wrote:" in a few languages, Outlook's header block, the signature.
 */
const LINES_MAX = 20_000;
const MARKER_CHARS_MAX = 300;
const WROTE =
  /(?:wrote|schrieb.{0,200}|a écrit|escribió|ha scritto|escreveu|schreef.{0,200}|napisał\(?a?\)?|skrev.{0,200}) ?:$/i;
const STARTS_WROTE = /^(?:on|am|le|el|il|em|op|w dniu|den|dne) /i;
const CUT =
  /^(?:-{2,} ?(?:original message|forwarded message|ursprüngliche nachricht|message d'origine|mensaje original) ?-{2,}|_{20,}|-- ?|sent from my .{1,60}|von meinem .{1,60} gesendet)$/i;
const BLOCK_FROM = /^\*?(?:from|von|de|da|van):/i;
const BLOCK_NEXT =
  /^\*?(?:sent|date|to|gesendet|datum|an|envoyé|à|enviado|para|inviato|verzonden|subject|betreff):/i;

export function replyText(text: string): string {
  const lines = text.replaceAll('\r\n', '\n').split('\n', LINES_MAX);
  const kept: string[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at]!.trim();
    if (line.startsWith('>')) continue;
    if (isCut(line, lines[at + 1]?.trim() ?? '')) break;
    const marker = markerAt(lines, at);
    if (marker === 0) {
      kept.push(lines[at]!.trimEnd());
      continue;
    }
    if (!isQuoted(lines, at + marker)) break;
    at += marker - 1;
  }
  return kept.join('\n').trim();
}

const isCut = (line: string, next: string): boolean =>
  CUT.test(line) || (BLOCK_FROM.test(line) && BLOCK_NEXT.test(next));

/** How many lines "On …, … wrote:" takes from here (mail programs wrap it); 0 = it is none. */
function markerAt(lines: readonly string[], at: number): number {
  if (!STARTS_WROTE.test(lines[at]!.trim())) return 0;
  let joined = '';
  for (let count = 1; count <= 3; count += 1) {
    joined = `${joined} ${lines[at + count - 1]?.trim() ?? ''}`.trim();
    if (joined.length > MARKER_CHARS_MAX) return 0;
    if (WROTE.test(joined)) return count;
  }
  return 0;
}

/** The quotation below is marked line by line, so that what follows it was written by hand. */
function isQuoted(lines: readonly string[], from: number): boolean {
  for (let at = from; at < Math.min(lines.length, from + 5); at += 1) {
    const line = lines[at]!.trim();
    if (line !== '') return line.startsWith('>');
  }
  return false;
}
