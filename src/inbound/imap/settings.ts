/** Settings of an IMAP mailbox (RFC 9051, RFC 3501). */
import Type, { type Static } from 'typebox';
import { settingsCheck, wrong } from '../check-settings.ts';

const TEXT_CHARS_MAX = 255;
const TOKEN_CHARS_MAX = 8_192;
const PEM_CHARS_MAX = 32_768;

const text = (maxLength: number) => Type.String({ minLength: 1, maxLength });

const ImapShape = Type.Object(
  {
    host: text(TEXT_CHARS_MAX),
    /** Not said: 993 with TLS, 143 without or with STARTTLS. */
    port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
    /** `tls` (from the first byte) unless said otherwise. */
    tls: Type.Optional(Type.Union([Type.Literal('tls'), Type.Literal('starttls'), Type.Literal('none')])),
    /** PEM: whom to trust instead of the well-known authorities. */
    tlsCa: Type.Optional(text(PEM_CHARS_MAX)),
    user: text(TEXT_CHARS_MAX),
    /** One of both. */
    password: Type.Optional(text(TOKEN_CHARS_MAX)),
    /** OAuth 2 (XOAUTH2, OAUTHBEARER). */
    accessToken: Type.Optional(text(TOKEN_CHARS_MAX)),
    mailbox: Type.Optional(text(TEXT_CHARS_MAX)),
    /** Where to begin: `new` = with what comes from now on, `all`, or a date, e.g. `2026-01-31`. */
    start: Type.Optional(text(10)),
    /** What becomes of a message that was taken. */
    afterwards: Type.Optional(
      Type.Union([Type.Literal('leave'), Type.Literal('seen'), Type.Literal('move'), Type.Literal('delete')]),
    ),
    /** Of `move`; made when it is not there. */
    moveTo: Type.Optional(text(TEXT_CHARS_MAX)),
  },
  { additionalProperties: false },
);

type Given = Static<typeof ImapShape>;

export interface ImapSettings {
  readonly host: string;
  readonly port: number;
  readonly tls: 'tls' | 'starttls' | 'none';
  readonly tlsCa: string | null;
  readonly user: string;
  readonly password: string | null;
  readonly accessToken: string | null;
  readonly mailbox: string;
  readonly start: 'new' | 'all' | Date;
  readonly afterwards: 'leave' | 'seen' | 'move' | 'delete';
  readonly moveTo: string | null;
}

export const IMAP_SECRETS: readonly string[] = ['password', 'accessToken'];

const check = settingsCheck(ImapShape);

/** Problem `validation` with `loc` under `['body', 'input']`. */
export function imapSettings(input: unknown): ImapSettings {
  const given = check(input);
  const { host, user, tls = 'tls', mailbox = 'INBOX', afterwards = 'leave', moveTo = null } = given;
  const { password = null, accessToken = null, tlsCa = null } = given;
  if (!/^[\w.:-]+$/.test(host)) throw wrong(['host'], 'Must be a host name or an address.');
  if ((password === null) === (accessToken === null))
    throw wrong(['password'], 'Give either `password` or `accessToken`.');
  for (const [name, value] of Object.entries({ user, password, mailbox, moveTo }))
    if (value !== null && /[\r\n\0]/.test(value)) throw wrong([name], 'Must be one line.');
  if ((afterwards === 'move') !== (moveTo !== null))
    throw wrong(['moveTo'], 'Goes together with `afterwards: "move"`.');
  if (moveTo === mailbox) throw wrong(['moveTo'], 'Must be another mailbox.');
  const port = given.port ?? (tls === 'tls' ? 993 : 143);
  return {
    host,
    port,
    tls,
    tlsCa,
    user,
    password,
    accessToken,
    mailbox,
    start: startOf(given),
    afterwards,
    moveTo,
  };
}

function startOf({ start = 'new' }: Given): ImapSettings['start'] {
  if (start === 'new' || start === 'all') return start;
  const date = new Date(`${start}T00:00:00Z`);
  if (!/^\d{4}-\d\d-\d\d$/.test(start) || Number.isNaN(date.getTime()))
    throw wrong(['start'], 'Must be `new`, `all` or a date such as 2026-01-31.');
  return date;
}
