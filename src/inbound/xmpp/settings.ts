/** Settings of an XMPP source (RFC 6120, RFC 7622). */
import Type, { type Static } from 'typebox';
import { LISTENING, PORT, TLS_CA, text } from '../chat/settings.ts';
import { settingsCheck, wrong } from '../check-settings.ts';

const ROOMS_MAX = 50;
const BARE_JID = '^[^\\s/@<>"&\']+@[^\\s/@<>"&\']+$';

const XmppShape = Type.Object(
  {
    /** Ours, without a resource: `hub@example.org`. */
    jid: text(1023, BARE_JID),
    password: text(1024),
    /** Names this connection; the same one on every node, so that a new connection takes the place of an old one. */
    resource: Type.Optional(text(256)),
    /** Not said: what the domain's SRV records name, or the domain itself. */
    host: Type.Optional(text(253, '^[^\\s/@\\[\\]]+$')),
    port: PORT,
    /** After the connection (5222), from its first byte (5223), or not at all. */
    tls: Type.Optional(Type.Union([Type.Literal('starttls'), Type.Literal('direct'), Type.Literal('none')])),
    tlsCa: TLS_CA,
    rooms: Type.Optional(
      Type.Array(
        Type.Object(
          { jid: text(1023, BARE_JID), nick: Type.Optional(text(128)) },
          { additionalProperties: false },
        ),
        { maxItems: ROOMS_MAX },
      ),
    ),
    /** By the address of the room; apart, because secrets are masked as a whole. */
    roomPasswords: Type.Optional(Type.Record(Type.String(), text(256))),
    ...LISTENING,
  },
  { additionalProperties: false },
);

export interface XmppSettings extends Omit<Static<typeof XmppShape>, 'rooms' | 'roomPasswords' | 'tls'> {
  readonly username: string;
  readonly domain: string;
  readonly tls: 'starttls' | 'direct' | 'none';
  readonly rooms: readonly XmppRoom[];
}

export interface XmppRoom {
  readonly jid: string;
  readonly nick: string;
  readonly password: string | undefined;
}

export const XMPP_SECRETS: readonly string[] = ['password', 'roomPasswords'];

const check = settingsCheck(XmppShape);

/** Problem `validation` with `loc` under `['body', 'input']`. */
export function xmppSettings(input: unknown): XmppSettings {
  const { tls = 'starttls', rooms = [], roomPasswords = {}, ...given } = check(input);
  const [username, domain] = given.jid.toLowerCase().split('@') as [string, string];
  if (given.port !== undefined && given.host === undefined)
    throw wrong(['host'], 'Is needed beside a port: without it the domain says both.');
  if (tls === 'none' && given.tlsCa !== undefined)
    throw wrong(['tls'], 'Must be `starttls` or `direct` for an authority to be trusted.');
  return {
    ...given,
    ...{ username, domain, tls },
    rooms: rooms.map(({ jid, nick = username }) => ({
      ...{ jid: jid.toLowerCase(), nick, password: roomPasswords[jid] },
    })),
  };
}
