/** The header section of a message (RFC 5322 §2.2), as it came: order, case and repetitions kept, lines unfolded. */
import { createHash } from 'node:crypto';
import type { RawHeaders } from '../../core/received/received.ts';

/** What is beyond is in the body all the same. */
const SECTION_BYTES_MAX = 256 * 1024;
const LINES_MAX = 500;
const MESSAGE_ID_CHARS_MAX = 250;

/** The bytes before the empty line; null = longer than is looked at. */
export function headerSection(message: Buffer): Buffer | null {
  const part = message.subarray(0, SECTION_BYTES_MAX);
  if (part[0] === 0x0a || (part[0] === 0x0d && part[1] === 0x0a)) return part.subarray(0, 0);
  const ends = [part.indexOf('\r\n\r\n'), part.indexOf('\n\n')].filter((at) => at >= 0);
  if (ends.length > 0) return part.subarray(0, Math.min(...ends));
  return message.length > SECTION_BYTES_MAX ? null : part;
}

/** At most 500 of the first 256 KiB. A line that is none is left out. */
export function messageHeaders(message: Buffer): RawHeaders {
  const section = headerSection(message) ?? message.subarray(0, SECTION_BYTES_MAX);
  const lines = section.toString('utf8').split(/\r?\n(?![ \t])/, LINES_MAX);
  return lines.flatMap((line): [string, string][] => {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).trimEnd();
    if (!/^[\x21-\x39\x3b-\x7e]+$/.test(name)) return [];
    return [[name, unfolded(line.slice(colon + 1))]];
  });
}

/**
 * Of a message that is sent again: its Message-Id with a digest of what follows its headers, else a digest of the whole.
 * The id alone is the sender's word: devices that always say the same one would lose all mail but the first, and whoever
 * guesses one could take the place of the mail that is to come.
 */
export function messageKey(headers: RawHeaders, message: Buffer): string {
  const id = headers.find(([name]) => name.toLowerCase() === 'message-id')?.[1] ?? '';
  const section = headerSection(message);
  if (id === '' || id.length > MESSAGE_ID_CHARS_MAX || section === null)
    return `sha256:${createHash('sha256').update(message).digest('hex')}`;
  return `${id} ${createHash('sha256').update(message.subarray(section.length)).digest('base64url')}`;
}

function unfolded(value: string): string {
  return value
    .split(/\r?\n/)
    .map((line) => line.trim())
    .join(' ')
    .trim();
}
