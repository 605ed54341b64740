import { isObject } from '../../core/is-object.ts';
import type { ReceivedFile } from '../../core/received/event-document.ts';
import { type Email, email, first, headersOfPairs, mailboxes } from '../email-shape.ts';
import type { Members } from '../own.ts';
import { bothOf, type Enclosed, enclosed, jsonOf, textOf, textsOf, verdictOf } from './loose.ts';
import type { MailMapper } from './mail-mapper.ts';

/** Mailgun routes: a form, multipart when there are attachments; `body-mime` when the URL ends with `mime`. */
export const mailgun: MailMapper = (body, outer, limits) => {
  if (outer.format !== 'form' && outer.format !== 'multipart') return null;
  const recipient = textOf(body, 'recipient');
  if (recipient === undefined) return null;
  const envelope: Email['envelope'] = { from: textOf(body, 'sender') ?? null, to: recipient.split(/,\s*/) };
  const raw = textOf(body, 'body-mime');
  if (raw !== undefined) return [{ raw, known: { envelope } }];
  const headers = headersOfPairs(pairsOf(jsonOf(body, 'message-headers', limits)));
  const { attachments, files } = bothOf(enclosures(outer.files, jsonOf(body, 'content-id-map', limits)));
  const score = Number.parseFloat(first(headers['x-mailgun-sscore']) ?? '');
  const flag = first(headers['x-mailgun-sflag']);
  const spf = verdictOf(first(headers['x-mailgun-spf']));
  const dkim = verdictOf(first(headers['x-mailgun-dkim-check-result']));
  return [
    {
      files,
      email: email({
        headers,
        from: mailboxes(textOf(body, 'from'))[0] ?? null,
        ...(headers.to === undefined ? { to: mailboxes(textOf(body, 'To') ?? recipient) } : {}),
        subject: textOf(body, 'subject') ?? '',
        text: textOf(body, 'body-plain') ?? null,
        html: textOf(body, 'body-html') ?? null,
        replyText: textOf(body, 'stripped-text') ?? null,
        attachments,
        spam:
          flag === undefined && Number.isNaN(score)
            ? null
            : { score: Number.isNaN(score) ? null : score, flag: flag ? /^yes/i.test(flag) : null },
        auth: spf === null && dkim === null ? null : { spf, dkim, dmarc: null },
        envelope,
      }),
    },
  ];
};

const pairsOf = (list: unknown): [string, string][] =>
  (Array.isArray(list) ? list : []).flatMap((pair): [string, string][] => {
    const [name, value] = Array.isArray(pair) ? textsOf(pair) : [];
    return name === undefined || value === undefined ? [] : [[name, value]];
  });

/** Files are called `attachment-1`, ...; `content-id-map` is `{"<cid>": "attachment-1"}`. */
function enclosures(files: readonly ReceivedFile[], map: unknown): Enclosed[] {
  const cids = new Map(
    isObject(map) ? Object.entries(map as Members).map(([cid, field]) => [String(field), cid]) : [],
  );
  return files.map(({ field, name, contentType, bytes }, index) => {
    const cid = cids.get(field);
    return enclosed({ name, contentType, cid, inline: cid !== undefined, bytes }, index);
  });
}
