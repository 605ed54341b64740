/** One received message to the mailboxes that it is for: one event for each, durable before the client is answered. */

import { Problem } from '../../core/problem.ts';
import type { RawHeaders } from '../../core/received/received.ts';
import type { Clock } from '../../ports/clock.ts';
import type { InboundHost, InboundItem } from '../../ports/inbound.ts';
import type { Log } from '../../ports/log.ts';
import { checkSender, type DnsQuery, type SenderCheck } from '../mail/check-sender.ts';
import { messageHeaders, messageKey } from '../mail/message-headers.ts';
import { answerOf, type Reply, TRY_LATER, tooLarge } from './reply.ts';
import type { SmtpSettings } from './settings.ts';
import type { SmtpLimits } from './smtp-limits.ts';

export interface Mailbox {
  readonly host: InboundHost;
  readonly settings: SmtpSettings;
  readonly tag: string | null;
  /** As the client wrote it. */
  readonly address: string;
}

export interface ReceivedMessage {
  readonly message: Buffer;
  readonly from: string;
  readonly mailboxes: readonly Mailbox[];
  readonly helo: string;
  /** Protocol, e.g. `TLSv1.3`; null = plain. */
  readonly tls: string | null;
  readonly peer: string;
}

export interface TakeParts {
  readonly dns: DnsQuery;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: SmtpLimits;
  readonly name: string;
}

/** Never rejects. */
export async function takeMessage(received: ReceivedMessage, parts: TakeParts): Promise<Reply> {
  const sources = new Map<string, Mailbox[]>();
  for (const mailbox of received.mailboxes) {
    const { id } = mailbox.host.source;
    sources.set(id, [...(sources.get(id) ?? []), mailbox]);
  }
  const asksDns = received.mailboxes.some(({ settings }) => settings.spf || settings.dkim || settings.dmarc);
  const { limits, clock, dns, name } = parts;
  const found = asksDns ? await checkSender(received, { dns, clock, name, withinMs: limits.checkMs }) : null;
  const headers = messageHeaders(received.message);
  const key = messageKey(headers, received.message);
  const replies = [...sources.values()].map((mailboxes) => {
    const [{ host, settings }] = mailboxes as [Mailbox];
    const refused = refusalOf(received.message, host, settings, found);
    if (refused !== null) return refused;
    return takeOne(host, itemOf(received, { mailboxes, found, headers, key }), parts);
  });
  return answerOf(await Promise.all(replies));
}

function refusalOf(
  message: Buffer,
  { source }: InboundHost,
  { refuse }: SmtpSettings,
  found: SenderCheck | null,
): Reply | null {
  if (source.bodyBytesMax !== null && message.length > source.bodyBytesMax)
    return tooLarge(source.bodyBytesMax);
  if (found === null || refuse === 'none') return null;
  if (found[refuse] === 'temperror')
    return { code: 451, text: `4.7.24 ${refuse.toUpperCase()} cannot be looked up now, try again later` };
  if (refuse === 'spf' && found.spf === 'fail')
    return { code: 550, text: `5.7.23 SPF of ${found.spfDomain} does not let this host send` };
  if (refuse === 'dmarc' && found.dmarc === 'fail' && found.dmarcPolicy !== 'none')
    return { code: 550, text: "5.7.1 The author's domain asks by DMARC to refuse this message" };
  return null;
}

function itemOf(
  { message, from, helo, tls, peer }: ReceivedMessage,
  {
    mailboxes,
    found,
    headers,
    key,
  }: {
    mailboxes: readonly Mailbox[];
    found: SenderCheck | null;
    headers: RawHeaders;
    key: string;
  },
): InboundItem {
  const [{ settings }] = mailboxes as [Mailbox];
  const tag = mailboxes.find((mailbox) => mailbox.tag !== null)?.tag ?? null;
  return {
    type: null,
    dedupeKey: key,
    orderingKey: null,
    method: 'POST',
    contentType: 'message/rfc822',
    headers,
    body: message,
    peer,
    // Only this source's addresses: the other recipients are nobody else's business.
    meta: {
      envelope: { from, to: mailboxes.map(({ address }) => address) },
      helo,
      tls,
      auth: authOf(settings, found),
      tag,
    },
  };
}

/** null = not looked up. */
function authOf(settings: SmtpSettings, found: SenderCheck | null): Record<string, unknown> {
  const { spf, dkim, dmarc } = settings;
  return {
    spf: spf ? (found?.spf ?? null) : null,
    spfDomain: spf ? (found?.spfDomain ?? null) : null,
    dkim: dkim ? (found?.dkim ?? null) : null,
    dkimDomains: dkim ? (found?.dkimDomains ?? []) : [],
    dmarc: dmarc ? (found?.dmarc ?? null) : null,
    dmarcPolicy: dmarc ? (found?.dmarcPolicy ?? null) : null,
  };
}

/** The text of a 250 is the event's id. Nothing but a stored event is one. */
async function takeOne(host: InboundHost, item: InboundItem, parts: TakeParts): Promise<Reply> {
  const { clock, log, limits } = parts;
  let cancel = (): void => {};
  const late = new Promise<Reply>((resolve) => {
    cancel = clock.after(limits.takeMs, () => resolve(TRY_LATER));
  });
  const take = async (): Promise<Reply> => {
    const taken = await host.take(item);
    if (taken.kind !== 'refused') return { code: 250, text: taken.eventId };
    if (taken.isFinal) return { code: 550, text: `5.7.1 ${taken.detail}` };
    return { code: 451, text: `4.3.0 ${taken.detail}` };
  };
  const taking = take().catch((cause: unknown): Reply => {
    if (!(cause instanceof Problem)) log.error('smtp.not-taken', cause, { sourceId: host.source.id });
    return TRY_LATER;
  });
  return Promise.race([taking, late]).finally(cancel);
}
