/** Settings of an IRC source (RFC 2812, IRCv3). */
import Type, { type Static } from 'typebox';
import { LISTENING, PORT, TLS_CA, text } from '../chat/settings.ts';
import { settingsCheck, wrong } from '../check-settings.ts';

const CHANNELS_MAX = 50;
/** RFC 2812 §2.3.1, and letters beyond ASCII as modern servers have them. */
const NICK = '^[^\\s\\x00-\\x1f\\x7f#&+!:@,*?0-9-][^\\s\\x00-\\x1f\\x7f#&!:@,*?]*$';
const CHANNEL = '^[#&+!][^\\s,:\\x00-\\x1f\\x7f]+$';

const IrcShape = Type.Object(
  {
    host: text(253, '^[^\\s/@\\[\\]]+$'),
    /** 6697, or 6667 without TLS. */
    port: PORT,
    tls: Type.Optional(Type.Boolean()),
    tlsCa: TLS_CA,
    nick: text(64, NICK),
    username: Type.Optional(text(32, '^[^\\s@\\x00-\\x1f]+$')),
    realName: Type.Optional(text(128)),
    /** What the password is for: the server itself (PASS), the account by SASL PLAIN, or NickServ. */
    login: Type.Optional(
      Type.Union([Type.Literal('server'), Type.Literal('sasl'), Type.Literal('nickserv')]),
    ),
    /** Of `sasl` and `nickserv`; the nick when not said. */
    account: Type.Optional(text(64, '^\\S+$')),
    password: Type.Optional(text(400)),
    channels: Type.Optional(
      Type.Array(Type.Object({ name: text(200, CHANNEL) }, { additionalProperties: false }), {
        maxItems: CHANNELS_MAX,
      }),
    ),
    /** By the name of the channel; apart, because secrets are masked as a whole. Keys of other channels are kept. */
    channelKeys: Type.Optional(Type.Record(Type.String(), text(64, '^[^\\s,]+$'))),
    ...LISTENING,
  },
  { additionalProperties: false },
);

export interface IrcSettings extends Omit<Static<typeof IrcShape>, 'channels' | 'channelKeys'> {
  readonly port: number;
  readonly tls: boolean;
  readonly channels: readonly { readonly name: string; readonly key: string | undefined }[];
}

export const IRC_SECRETS: readonly string[] = ['password', 'channelKeys'];

const check = settingsCheck(IrcShape);

/** Problem `validation` with `loc` under `['body', 'input']`. */
export function ircSettings(input: unknown): IrcSettings {
  const { channels = [], channelKeys = {}, ...rest } = check(input);
  const { tls = true, login, password } = rest;
  if (login !== undefined && password === undefined)
    throw wrong(['password'], `Is needed to log in by ${login}; or leave \`login\` out.`);
  if (login === 'nickserv' && /\s/.test(password!))
    throw wrong(['password'], 'NickServ reads a password up to its first space: use one without.');
  if (!tls && rest.tlsCa !== undefined) throw wrong(['tls'], 'Must be true for an authority to be trusted.');
  return {
    ...{ ...rest, tls, port: rest.port ?? (tls ? 6697 : 6667) },
    channels: channels.map(({ name }) => ({ name, key: channelKeys[name] })),
  };
}
