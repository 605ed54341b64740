/** Settings of a mailbox. */
import Type, { type Static } from 'typebox';
import { settingsCheck, wrong } from '../check-settings.ts';

const SENDERS_MAX = 500;
const SENDER_CHARS_MAX = 254;

const flag = Type.Optional(Type.Boolean());

const SmtpShape = Type.Object(
  {
    /** Look these up for each message; on unless said otherwise. */
    spf: flag,
    dkim: flag,
    dmarc: flag,
    /** Envelope senders that may write, `ann@example.com` or `example.com`; none = everybody. */
    allowedSenders: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: SENDER_CHARS_MAX }), { maxItems: SENDERS_MAX }),
    ),
    /** `spf`: refuse what fails SPF. `dmarc`: what fails DMARC of a domain that asks for it. */
    refuse: Type.Optional(Type.Union([Type.Literal('none'), Type.Literal('spf'), Type.Literal('dmarc')])),
  },
  { additionalProperties: false },
);

export interface SmtpSettings extends Required<Static<typeof SmtpShape>> {}

const check = settingsCheck(SmtpShape);
const SENDER = /^(?:[^\s@<>]*@)?[^\s@<>]+$/;

/** Problem `validation` with `loc` under `['body', 'input']`. */
export function smtpSettings(input: unknown): SmtpSettings {
  const { spf = true, dkim = true, dmarc = true, allowedSenders = [], refuse = 'none' } = check(input ?? {});
  const odd = allowedSenders.findIndex((sender) => !SENDER.test(sender));
  if (odd >= 0) throw wrong(['allowedSenders', odd], 'Must be an address or a domain.');
  if ((refuse === 'spf' && !spf) || (refuse === 'dmarc' && !dmarc))
    throw wrong(['refuse'], `Needs \`${refuse}\` to be on.`);
  return {
    spf,
    dkim,
    dmarc,
    refuse,
    allowedSenders: allowedSenders.map((sender) => sender.toLowerCase().replace(/^@/, '')),
  };
}

/** `sender`: of the envelope; '' = the null sender of bounces. */
export function mayWrite({ allowedSenders }: SmtpSettings, sender: string): boolean {
  if (allowedSenders.length === 0) return true;
  const address = sender.toLowerCase();
  return allowedSenders.includes(address) || allowedSenders.includes(address.replace(/^.*@/, ''));
}
