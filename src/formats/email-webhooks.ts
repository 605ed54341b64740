/**
 * The mail webhooks of providers as the one e-mail shape, chosen by `payloadFrom: "email:<provider>"`. Field names are
 * the vendors' (postmarkapp.com/developer/webhooks/inbound-webhook, SendGrid Inbound Parse, Mailgun routes,
 * docs.cloudmailin.com JSON normalized, Mandrill inbound).
 */
import { isObject } from '../core/is-object.ts';
import type { ParsedBody, ReceivedFile } from '../core/received/event-document.ts';
import { readEmail } from './email.ts';
import type { Email } from './email-shape.ts';
import { cloudMailin } from './email-webhooks/cloudmailin.ts';
import type { MailMapper } from './email-webhooks/mail-mapper.ts';
import { mailgun } from './email-webhooks/mailgun.ts';
import { mandrill } from './email-webhooks/mandrill.ts';
import { postmark } from './email-webhooks/postmark.ts';
import { sendGrid } from './email-webhooks/sendgrid.ts';
import type { FormatLimits } from './limits.ts';
import { parseMediaType } from './media-type.ts';
import { isUnreadable, parsed } from './reading.ts';

const MAPPERS: ReadonlyMap<string, MailMapper> = new Map([
  ['postmark', postmark],
  ['sendgrid', sendGrid],
  ['mailgun', mailgun],
  ['cloudmailin', cloudMailin],
  ['mandrill', mandrill],
]);

/** Several messages in one call (Mandrill) make an array of them; all their files are the event's. */
export async function readMailWebhook(
  outer: ParsedBody,
  provider: string,
  limits: FormatLimits,
): Promise<ParsedBody> {
  const mapper = MAPPERS.get(provider);
  if (!mapper) return { ...outer, error: `payloadFrom names "email:${provider}", which is not known.` };
  const mapped = isObject(outer.value) ? mapper(outer.value, outer, limits) : null;
  if (mapped === null || mapped.length === 0) return outer;
  const messages: Message[] = [];
  for (const one of mapped) messages.push('raw' in one ? await rawMessage(one.raw, one.known, limits) : one);
  return bodyOf(messages, outer);
}

interface Message {
  readonly email: Email | null;
  readonly files: readonly ReceivedFile[];
}

async function rawMessage(raw: string, known: Partial<Email>, limits: FormatLimits): Promise<Message> {
  const type = parseMediaType('message/rfc822');
  const reading = await readEmail({ bytes: Buffer.from(raw, 'utf8'), type, limits });
  if (isUnreadable(reading)) return { email: null, files: [] };
  return { email: { ...(reading.value as Email), ...known }, files: reading.files };
}

function bodyOf(messages: readonly Message[], outer: ParsedBody): ParsedBody {
  const emails = messages.flatMap(({ email }) => (email === null ? [] : [email]));
  if (emails.length < messages.length) return { ...outer, error: 'A raw message in it cannot be read.' };
  return parsed('email', emails.length === 1 ? emails[0] : emails, {
    files: messages.flatMap(({ files }) => files),
    error: outer.error,
  });
}
