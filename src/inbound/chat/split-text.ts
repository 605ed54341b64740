/** An answer as lines of a chat. */

/** What a line of IRC carries beside its 512 bytes of protocol, with room for the longest prefix. */
export const LINE_BYTES_MAX = 350;
export const LINES_MAX = 5;
const CUT = ' …';

/**
 * Lines of at most `bytesMax` bytes of UTF-8, broken at spaces where there are any and never inside a character; no
 * more than `linesMax`, the last one then ends with an ellipsis. Control characters are left out: a line break in an
 * answer must not become a command of the protocol.
 */
export function splitText(text: string, bytesMax = LINE_BYTES_MAX, linesMax = LINES_MAX): string[] {
  const lines: string[] = [];
  for (const line of text.split(/\r\n|[\r\n]/)) {
    for (let rest = printable(line).trimEnd(); rest !== ''; ) {
      if (lines.length === linesMax) return [...lines.slice(0, -1), cutTo(lines.at(-1)!, bytesMax)];
      const head = headOf(rest, bytesMax);
      lines.push(head.trimEnd());
      rest = rest.slice(head.length).trimStart();
    }
  }
  return lines;
}

function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is meant.
  return text.replace(/\t/g, ' ').replace(/[\u0000-\u001f\u007f]/g, '');
}

/** As much of the text as fits, up to the last space in its second half when it does not fit whole. */
function headOf(text: string, bytesMax: number): string {
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > bytesMax) {
      const space = text.lastIndexOf(' ', end);
      return text.slice(0, space > end / 2 ? space + 1 : Math.max(end, character.length));
    }
    end += character.length;
  }
  return text;
}

function cutTo(line: string, bytesMax: number): string {
  return headOf(line, bytesMax - Buffer.byteLength(CUT)).trimEnd() + CUT;
}
