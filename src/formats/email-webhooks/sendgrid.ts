import { isObject } from '../../core/is-object.ts';
import type { ReceivedFile } from '../../core/received/event-document.ts';
import { type Email, type EmailHeaders, email, headersOfPairs, mailboxes } from '../email-shape.ts';
import type { FormatLimits } from '../limits.ts';
import type { Members } from '../own.ts';
import {
  bothOf,
  type Enclosed,
  enclosed,
  jsonOf,
  listOf,
  membersOf,
  numberOf,
  textOf,
  textsOf,
  verdictOf,
} from './loose.ts';
import type { MailMapper } from './mail-mapper.ts';

/** SendGrid Inbound Parse: multipart fields, or with "send raw" the whole message in `email`. */
export const sendGrid: MailMapper = (body, outer, limits) => {
  if (outer.format !== 'multipart') return null;
  const known = verdicts(body, limits);
  const raw = textOf(body, 'email');
  if (raw !== undefined) return [{ raw, known }];
  const head = textOf(body, 'headers');
  if (head === undefined) return null;
  const headers = headersOfLines(head);
  const { attachments, files } = bothOf(enclosures(outer.files, jsonOf(body, 'attachment-info', limits)));
  return [
    {
      files,
      email: email({
        ...known,
        headers,
        from: mailboxes(textOf(body, 'from'))[0] ?? null,
        to: mailboxes(textOf(body, 'to')),
        cc: mailboxes(textOf(body, 'cc') ?? headers.cc),
        subject: textOf(body, 'subject') ?? '',
        text: textOf(body, 'text') ?? null,
        html: textOf(body, 'html') ?? null,
        attachments,
      }),
    },
  ];
};

/** `dkim` is `{@example.com : pass}`, `SPF` a word, `envelope` JSON. */
function verdicts(body: Members, limits: FormatLimits): Pick<Email, 'spam' | 'auth' | 'envelope'> {
  const score = numberOf(body, 'spam_score');
  const envelope = jsonOf(body, 'envelope', limits);
  const dkim = /:\s*(\w+)\s*[,}]/.exec(textOf(body, 'dkim') ?? '')?.[1];
  const spf = verdictOf(textOf(body, 'SPF'));
  return {
    spam: score === null ? null : { score, flag: null },
    auth: spf === null && dkim === undefined ? null : { spf, dkim: verdictOf(dkim), dmarc: null },
    envelope: isObject(envelope)
      ? { from: textOf(envelope, 'from') ?? null, to: textsOf(listOf(envelope, 'to')) }
      : null,
  };
}

/** Files are called `attachment1`, ...; `attachment-info` says what each is. */
function enclosures(files: readonly ReceivedFile[], info: unknown): Enclosed[] {
  return files.map((file, index) => {
    const about = isObject(info) ? membersOf(info, file.field) : {};
    const cid = textOf(about, 'content-id');
    return enclosed(
      {
        name: textOf(about, 'filename') ?? file.name,
        contentType: textOf(about, 'type') ?? file.contentType,
        cid,
        inline: cid !== undefined,
        bytes: file.bytes,
      },
      index,
    );
  });
}

function headersOfLines(head: string): EmailHeaders {
  const lines = head.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/);
  return headersOfPairs(
    lines.flatMap((line) => {
      const colon = line.indexOf(':');
      return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1).trim()] as const] : [];
    }),
  );
}
