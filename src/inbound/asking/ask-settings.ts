/** Settings of every way in that asks a server again and again: where, as whom, how often. */
import Type from 'typebox';
import { wrong } from '../check-settings.ts';

const URL_CHARS_MAX = 4_096;
const TEXT_CHARS_MAX = 8_192;
const HEADERS_MAX = 50;
const MONTH_SECONDS = 31 * 86_400;

const text = (maxLength = TEXT_CHARS_MAX) => Type.String({ minLength: 1, maxLength });

/** Members that are secrets. A key belongs into one of them, not into the URL. */
export const ASK_SECRETS: readonly string[] = ['headers', 'auth'];

/** Members of a settings object; `everySeconds` is the kind's own. */
export const ASK_MEMBERS = {
  url: text(URL_CHARS_MAX),
  headers: Type.Optional(
    Type.Record(
      Type.String({ pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$" }),
      Type.String({ maxLength: TEXT_CHARS_MAX }),
      {
        maxProperties: HEADERS_MAX,
      },
    ),
  ),
  auth: Type.Optional(
    Type.Object(
      {
        type: Type.Union([Type.Literal('basic'), Type.Literal('bearer'), Type.Literal('oauth2')]),
        username: Type.Optional(Type.String({ maxLength: TEXT_CHARS_MAX })),
        password: Type.Optional(Type.String({ maxLength: TEXT_CHARS_MAX })),
        token: Type.Optional(text()),
        tokenUrl: Type.Optional(text(URL_CHARS_MAX)),
        clientId: Type.Optional(text()),
        clientSecret: Type.Optional(text()),
        scope: Type.Optional(text()),
      },
      { additionalProperties: false },
    ),
  ),
  jitterSeconds: Type.Optional(Type.Number({ minimum: 0, maximum: MONTH_SECONDS })),
  timeoutSeconds: Type.Optional(Type.Number({ minimum: 1, maximum: 300 })),
  /** Of the types of its events: `<typePrefix>.created`. */
  typePrefix: Type.Optional(Type.String({ pattern: '^[a-zA-Z0-9\\-_.]{1,200}$' })),
};

export const everySeconds = (minimum: number) =>
  Type.Optional(Type.Number({ minimum, maximum: MONTH_SECONDS }));

export type Auth =
  | { readonly type: 'basic'; readonly username: string; readonly password: string }
  | { readonly type: 'bearer'; readonly token: string }
  /** Client credentials, RFC 6749 §4.4, with the client's name and secret in a Basic header (§2.3.1). */
  | {
      readonly type: 'oauth2';
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientSecret: string;
      readonly scope: string | null;
    };

/** Whom is asked, and as whom. */
export interface Ask {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly auth: Auth | null;
  readonly timeoutMs: number;
}

interface AskInput {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly auth?: AuthInput;
  readonly timeoutSeconds?: number;
}

interface AuthInput {
  readonly type: Auth['type'];
  readonly username?: string;
  readonly password?: string;
  readonly token?: string;
  readonly tokenUrl?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly scope?: string;
}

const TIMEOUT_SECONDS = 30;
/** Made from the request by whoever sends it. */
const NOT_SETTABLE = ['host', 'content-length', 'transfer-encoding', 'connection', 'accept-encoding'];

/** Throws Problem `validation` about what the shape cannot say. */
export function askOf({ url, headers = {}, auth, timeoutSeconds = TIMEOUT_SECONDS }: AskInput): Ask {
  checkUrl(url, ['url']);
  for (const [name, value] of Object.entries(headers)) {
    if (NOT_SETTABLE.includes(name.toLowerCase()))
      throw wrong(['headers', name], 'This header is made from the request; leave it out.');
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value))
      throw wrong(['headers', name], 'A header is one line of printable characters.');
  }
  return { url, headers, auth: auth === undefined ? null : authOf(auth), timeoutMs: timeoutSeconds * 1000 };
}

/** An http(s) URL without user and password, which everybody who sees the source would read. */
export function checkUrl(text: string, path: readonly string[]): void {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw wrong(path, 'Must be an http:// or https:// URL.');
  if (url.username !== '' || url.password !== '')
    throw wrong(path, 'Give user and password as `auth`: a URL is shown to everybody who sees the source.');
}

function authOf(auth: AuthInput): Auth {
  const needed = (name: Exclude<keyof AuthInput, 'type'>): string => {
    const value = auth[name];
    if (value === undefined) throw wrong(['auth', name], `auth of type ${auth.type} needs it.`);
    return value;
  };
  switch (auth.type) {
    case 'basic':
      return { type: 'basic', username: needed('username'), password: needed('password') };
    case 'bearer':
      return { type: 'bearer', token: needed('token') };
    case 'oauth2': {
      const tokenUrl = needed('tokenUrl');
      checkUrl(tokenUrl, ['auth', 'tokenUrl']);
      return {
        type: 'oauth2',
        tokenUrl,
        clientId: needed('clientId'),
        clientSecret: needed('clientSecret'),
        scope: auth.scope ?? null,
      };
    }
  }
}
