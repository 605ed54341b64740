/** `message/rfc822` as the one e-mail shape. Spam, auth and envelope are null: a message's own word for them counts nothing. */
import { type ParsedMail, simpleParser } from 'mailparser';
import type { ReceivedFile } from '../core/received/event-document.ts';
import { type Attachment, type EmailHeaders, email, first, headersOfPairs } from './email-shape.ts';
import { type Content, parsed, type Reading, unreadable } from './reading.ts';

/** Its conversion costs about a second for a megabyte; `html` is there in any case. */
const HTML_TO_TEXT_MAX = 256 * 1024;
const WHY_CHARS = 160;
/** One of these makes a message; the parser itself takes anything for one. */
const EXPECTED = ['from', 'to', 'subject', 'date', 'message-id', 'received', 'mime-version'];

export async function readEmail({ bytes, limits }: Content): Promise<Reading> {
  if (bytes.byteLength > limits.mailBytes) return unreadable(`it is longer than ${limits.mailBytes} bytes`);
  try {
    const message = await simpleParser(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), {
      skipTextToHtml: true,
      skipTextLinks: true,
      keepCidLinks: true,
      maxHtmlLengthToParse: HTML_TO_TEXT_MAX,
      checksumAlgo: false,
    });
    const headers = headersOf(message);
    if (!EXPECTED.some((name) => Object.hasOwn(headers, name)))
      return unreadable('it has no header of a message');
    const fields = {
      headers,
      text: message.text ?? null,
      html: message.html === false ? null : (message.html ?? null),
      attachments: message.attachments.map(attachmentOf),
    };
    return parsed('email', email(fields), { files: message.attachments.map(fileOf) });
  } catch (cause) {
    return unreadable((cause as Error).message.slice(0, WHY_CHARS));
  }
}

type MailAttachment = ParsedMail['attachments'][number];

const attachmentOf = (attachment: MailAttachment): Attachment => ({
  name: attachment.filename ?? '',
  contentType: attachment.contentType,
  size: attachment.content.byteLength,
  cid: attachment.cid ?? null,
  inline: attachment.contentDisposition === 'inline' || attachment.related === true,
});

const fileOf = (attachment: MailAttachment, index: number): ReceivedFile => ({
  field: `attachment_${index + 1}`,
  name: attachment.filename ?? '',
  contentType: attachment.contentType,
  size: attachment.content.byteLength,
  bytes: attachment.content,
});

/** As strings. The library decodes the words of those that it leaves strings; the others stay as they were sent. */
function headersOf(message: ParsedMail): EmailHeaders {
  const pairs = message.headerLines.flatMap(({ key, line }): [string, string][] => {
    const colon = line.indexOf(':');
    if (colon <= 0) return [];
    return [[key, Buffer.from(unfolded(line.slice(colon + 1)), 'latin1').toString('utf8')]];
  });
  const headers = headersOfPairs(pairs);
  const decoded = new Map<string, string>();
  for (const [name, value] of message.headers) if (typeof value === 'string') decoded.set(name, value);
  return headersOfPairs(
    pairs.map(([name, value]) => [
      name,
      first(headers[name]) === headers[name] ? (decoded.get(name) ?? value) : value,
    ]),
  );
}

const unfolded = (text: string): string => text.replace(/\r?\n[ \t]+/g, ' ').trim();
