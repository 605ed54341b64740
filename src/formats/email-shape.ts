/** The one shape of an e-mail, whichever way it came (docs/email.md). */
import { parseAddressHeader } from 'mailparser';
import { type Members, setOwn } from './own.ts';
import { replyText } from './reply-text.ts';

export interface Email {
  readonly from: Mailbox | null;
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly replyTo: readonly Mailbox[];
  readonly subject: string;
  /** Ids without their angle brackets. */
  readonly messageId: string | null;
  readonly inReplyTo: string | null;
  readonly references: readonly string[];
  /** RFC 3339, as the sender's clock says; null = none that can be read. */
  readonly date: string | null;
  readonly text: string | null;
  readonly html: string | null;
  /** `text` without what it quotes. */
  readonly replyText: string | null;
  /** Of `user+tag@host`, the first recipient that has one. */
  readonly tag: string | null;
  readonly headers: EmailHeaders;
  /** In the order of the event's `files`, which hold the bytes. */
  readonly attachments: readonly Attachment[];
  readonly spam: { readonly score: number | null; readonly flag: boolean | null } | null;
  /** What the receiving server found: `pass`, `fail`, `softfail`, `neutral`, `none`, ...; null = not said. */
  readonly auth: Readonly<Record<'spf' | 'dkim' | 'dmarc', string | null>> | null;
  /** Of SMTP: whom the message was really from and for. */
  readonly envelope: { readonly from: string | null; readonly to: readonly string[] } | null;
}

export interface Mailbox {
  readonly address: string;
  readonly name: string;
}

export interface Attachment {
  readonly name: string;
  readonly contentType: string;
  readonly size: number;
  readonly cid: string | null;
  readonly inline: boolean;
}

/** Names in lower case, values unfolded and decoded; several of one name are an array. */
export type EmailHeaders = Readonly<Record<string, string | readonly string[]>>;

/** What a way in knows; what is left out comes from the headers. */
export type EmailFields = Partial<Omit<Email, 'headers'>> & { readonly headers: EmailHeaders };

const ADDRESSES_MAX = 1_000;
const ADDRESS_CHARS_MAX = 100_000;
const REFERENCES_MAX = 200;

export function email(fields: EmailFields): Email {
  const { headers } = fields;
  const to = fields.to ?? mailboxes(headers.to);
  const cc = fields.cc ?? mailboxes(headers.cc);
  const text = textOrNull(fields.text);
  const references = idsOf(first(headers.references));
  const recipients = [...(fields.envelope?.to ?? []), ...[...to, ...cc].map(({ address }) => address)];
  return {
    from: fields.from ?? mailboxes(headers.from)[0] ?? null,
    to,
    cc,
    replyTo: fields.replyTo ?? mailboxes(headers['reply-to']),
    subject: fields.subject ?? first(headers.subject) ?? '',
    messageId: fields.messageId ?? idsOf(first(headers['message-id']))[0] ?? null,
    inReplyTo: idsOf(first(headers['in-reply-to']))[0] ?? null,
    references,
    date: fields.date ?? instantOf(first(headers.date)),
    text,
    html: textOrNull(fields.html),
    replyText: textOrNull(fields.replyText) ?? (text === null ? null : replyText(text)),
    tag: fields.tag ?? tagOf(recipients),
    headers,
    attachments: fields.attachments ?? [],
    spam: fields.spam ?? null,
    auth: fields.auth ?? null,
    envelope: fields.envelope ?? null,
  };
}

const textOrNull = (text: string | null | undefined): string | null =>
  text === undefined || text === null || text === '' ? null : text;

export const first = (value: EmailHeaders[string] | undefined): string | undefined =>
  typeof value === 'string' || value === undefined ? value : value[0];

/** Groups are replaced by their members. Never throws: a header that is no list of addresses has none. */
export function mailboxes(header: EmailHeaders[string] | undefined): Mailbox[] {
  if (header === undefined) return [];
  const text = typeof header === 'string' ? header : header.join(', ');
  return parseAddressHeader(text.slice(0, ADDRESS_CHARS_MAX), { flatten: true })
    .value.filter((one) => typeof one.address === 'string' && one.address !== '')
    .slice(0, ADDRESSES_MAX)
    .map(({ address, name }) => ({ address: address!, name }));
}

export function tagOf(addresses: readonly string[]): string | null {
  for (const address of addresses) {
    const local = address.slice(0, Math.max(0, address.lastIndexOf('@')));
    const plus = local.indexOf('+');
    if (plus > 0 && plus < local.length - 1) return local.slice(plus + 1);
  }
  return null;
}

function idsOf(header: string | undefined): string[] {
  if (header === undefined) return [];
  const bracketed = header.match(/<[^<>\s]+>/g)?.map((id) => id.slice(1, -1));
  return (bracketed ?? header.split(/\s+/).filter((id) => id !== '')).slice(0, REFERENCES_MAX);
}

function instantOf(header: string | undefined): string | null {
  const instant = new Date(header ?? '');
  return Number.isNaN(instant.getTime()) ? null : instant.toISOString();
}

/** Headers of pairs, in order. */
export function headersOfPairs(pairs: readonly (readonly [string, string])[]): EmailHeaders {
  const headers: Members = {};
  for (const [given, value] of pairs) {
    const name = given.toLowerCase();
    const before = Object.hasOwn(headers, name) ? headers[name] : undefined;
    if (before === undefined) setOwn(headers, name, value);
    else if (Array.isArray(before)) before.push(value);
    else setOwn(headers, name, [before, value]);
  }
  return headers as EmailHeaders;
}
