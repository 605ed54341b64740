import { isObject } from '../../core/is-object.ts';
import { email } from '../email-shape.ts';
import type { Members } from '../own.ts';
import {
  bothOf,
  enclosed,
  fromBase64,
  headersOfMembers,
  listOf,
  membersOf,
  textOf,
  textsOf,
  verdictOf,
} from './loose.ts';
import type { MailMapper } from './mail-mapper.ts';

/** CloudMailin, JSON normalized: header names come with underscores. An attachment may be a URL; then it has no bytes here. */
export const cloudMailin: MailMapper = (body) => {
  if (!isObject(body.headers) || !isObject(body.envelope)) return null;
  const headers = headersOfMembers(body.headers, (name) => name.replaceAll('_', '-'));
  const { attachments, files } = bothOf(listOf(body, 'attachments').filter(isObject).map(attachment));
  const recipients = textsOf(listOf(body.envelope, 'recipients'));
  const to = textOf(body.envelope, 'to');
  const spf = verdictOf(textOf(membersOf(body.envelope, 'spf'), 'result'));
  return [
    {
      files,
      email: email({
        headers,
        text: textOf(body, 'plain') ?? null,
        html: textOf(body, 'html') ?? null,
        replyText: textOf(body, 'reply_plain') ?? null,
        attachments,
        auth: spf === null ? null : { spf, dkim: null, dmarc: null },
        envelope: {
          from: textOf(body.envelope, 'from') ?? null,
          to: recipients.length > 0 || to === undefined ? recipients : [to],
        },
      }),
    },
  ];
};

const attachment = (one: Members, index: number): ReturnType<typeof enclosed> =>
  enclosed(
    {
      name: textOf(one, 'file_name'),
      contentType: textOf(one, 'content_type'),
      cid: textOf(one, 'content_id'),
      inline: textOf(one, 'disposition') === 'inline',
      bytes: fromBase64(textOf(one, 'content')),
    },
    index,
  );
