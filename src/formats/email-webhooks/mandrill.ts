import { isObject } from '../../core/is-object.ts';
import { type Email, email, type Mailbox } from '../email-shape.ts';
import { getOwn, type Members } from '../own.ts';
import {
  bothOf,
  type Enclosed,
  enclosed,
  fromBase64,
  headersOfMembers,
  jsonOf,
  listOf,
  mailboxOf,
  membersOf,
  numberOf,
  textOf,
  textsOf,
  verdictOf,
} from './loose.ts';
import type { MailMapper, Mapped } from './mail-mapper.ts';

const MESSAGES_MAX = 1_000;

/** Mandrill inbound: the form field `mandrill_events` holds an array; other events than `inbound` stay a form. */
export const mandrill: MailMapper = (body, _outer, limits) => {
  const events = jsonOf(body, 'mandrill_events', limits);
  if (!Array.isArray(events) || events.length === 0 || events.length > MESSAGES_MAX) return null;
  if (!events.every((event) => isObject(event) && event.event === 'inbound' && isObject(event.msg)))
    return null;
  return events.map((event: Members) => messageOf(membersOf(event, 'msg')));
};

function messageOf(msg: Members): Mapped {
  const { attachments, files } = bothOf([
    ...enclosures(membersOf(msg, 'attachments'), false),
    ...enclosures(membersOf(msg, 'images'), true),
  ]);
  const recipient = textOf(msg, 'email');
  return {
    files: files.map((file, index) => ({ ...file, field: `attachment_${index + 1}` })),
    email: email({
      headers: headersOfMembers(membersOf(msg, 'headers'), (name) => name),
      from: mailboxOf(textOf(msg, 'from_email'), textOf(msg, 'from_name')),
      to: pairs(listOf(msg, 'to')),
      cc: pairs(listOf(msg, 'cc')),
      subject: textOf(msg, 'subject') ?? '',
      text: textOf(msg, 'text') ?? null,
      html: textOf(msg, 'html') ?? null,
      attachments,
      ...verdicts(msg),
      envelope: recipient === undefined ? null : { from: textOf(msg, 'sender') ?? null, to: [recipient] },
    }),
  };
}

function verdicts(msg: Members): Pick<Email, 'spam' | 'auth'> {
  const score = numberOf(membersOf(msg, 'spam_report'), 'score');
  const spf = verdictOf(textOf(membersOf(msg, 'spf'), 'result'));
  const dkim = membersOf(msg, 'dkim');
  const signed =
    getOwn(dkim, 'signed') === true ? (getOwn(dkim, 'valid') === true ? 'pass' : 'fail') : 'none';
  return {
    spam: score === null ? null : { score, flag: null },
    auth:
      spf === null && !isObject(msg.dkim)
        ? null
        : { spf, dkim: isObject(msg.dkim) ? signed : null, dmarc: null },
  };
}

const pairs = (list: readonly unknown[]): Mailbox[] =>
  list.flatMap((pair) => {
    const [address, name] = Array.isArray(pair) ? [textsOf([pair[0]])[0], textsOf([pair[1]])[0]] : [];
    return mailboxOf(address, name) ?? [];
  });

/** Keyed by name; images are always base64, attachments when they say so. */
const enclosures = (all: Members, inline: boolean): Enclosed[] =>
  Object.values(all)
    .filter(isObject)
    .map((one, index) => {
      const content = textOf(one, 'content');
      const bytes = inline || one.base64 === true ? fromBase64(content) : Buffer.from(content ?? '', 'utf8');
      return enclosed(
        {
          name: textOf(one, 'name'),
          contentType: textOf(one, 'type'),
          cid: inline ? textOf(one, 'name') : undefined,
          inline,
          bytes,
        },
        index,
      );
    });
