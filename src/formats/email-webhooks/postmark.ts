import { isObject } from '../../core/is-object.ts';
import { email, first, headersOfPairs, type Mailbox } from '../email-shape.ts';
import type { Members } from '../own.ts';
import { bothOf, enclosed, fromBase64, listOf, mailboxOf, membersOf, textOf, verdictOf } from './loose.ts';
import type { MailMapper } from './mail-mapper.ts';

/** Postmark inbound: JSON. Bounces and the rest of its webhooks have a `RecordType` and stay JSON. */
export const postmark: MailMapper = (body) => {
  if (textOf(body, 'RecordType') !== undefined || !isObject(body.FromFull)) return null;
  const headers = headersOfPairs(
    listOf(body, 'Headers').flatMap((one) =>
      isObject(one) ? [[textOf(one, 'Name') ?? '', textOf(one, 'Value') ?? ''] as const] : [],
    ),
  );
  const { attachments, files } = bothOf(listOf(body, 'Attachments').filter(isObject).map(attachment));
  const score = Number.parseFloat(first(headers['x-spam-score']) ?? '');
  const status = first(headers['x-spam-status']);
  const recipient = textOf(body, 'OriginalRecipient');
  const spf = verdictOf(first(headers['received-spf']));
  return [
    {
      files,
      email: email({
        headers,
        from: full(membersOf(body, 'FromFull')),
        to: fulls(listOf(body, 'ToFull')),
        cc: fulls(listOf(body, 'CcFull')),
        subject: textOf(body, 'Subject') ?? '',
        ...(headers.date === undefined ? { date: instant(textOf(body, 'Date')) } : {}),
        text: textOf(body, 'TextBody') ?? null,
        html: textOf(body, 'HtmlBody') ?? null,
        replyText: textOf(body, 'StrippedTextReply') ?? null,
        tag: textOf(body, 'MailboxHash') || null,
        attachments,
        spam: status === undefined && Number.isNaN(score) ? null : spamOf(score, status),
        auth: spf === null ? null : { spf, dkim: null, dmarc: null },
        envelope: recipient ? { from: null, to: [recipient] } : null,
      }),
    },
  ];
};

const full = (one: Members): Mailbox | null => mailboxOf(textOf(one, 'Email'), textOf(one, 'Name'));
const fulls = (list: readonly unknown[]): Mailbox[] =>
  list.flatMap((one) => (isObject(one) ? (full(one) ?? []) : []));

const attachment = (one: Members, index: number): ReturnType<typeof enclosed> =>
  enclosed(
    {
      name: textOf(one, 'Name'),
      contentType: textOf(one, 'ContentType'),
      cid: textOf(one, 'ContentID'),
      inline: (textOf(one, 'ContentID') ?? '') !== '',
      bytes: fromBase64(textOf(one, 'Content')),
    },
    index,
  );

const spamOf = (
  score: number,
  status: string | undefined,
): { score: number | null; flag: boolean | null } => ({
  score: Number.isNaN(score) ? null : score,
  flag: status === undefined ? null : /^\s*yes\b/i.test(status),
});

function instant(text: string | undefined): string | null {
  const at = new Date(text ?? '');
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}
