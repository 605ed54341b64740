/** The Authorization header of a question; tokens of OAuth2 are fetched when there is none and kept in memory. */
import type { Clock } from '../../ports/clock.ts';
import type { Web } from '../../ports/web.ts';
import type { Ask, Auth } from './ask-settings.ts';
import { Trouble } from './trouble.ts';

export interface Authorizer {
  /** null = nobody. Rejects with Trouble when there is no token to be had. */
  header(): Promise<string | null>;
  /** The server did not like it: the next question gets a new token. */
  refused(): void;
}

type Oauth2 = Extract<Auth, { readonly type: 'oauth2' }>;

const TOKEN_BYTES_MAX = 65_536;
const TOKEN_CHARS_MAX = 16_384;
/** When the server does not say (RFC 6749 §5.1 only recommends it). */
const DEFAULT_LIFE_SECONDS = 300;
const LONGEST_LIFE_SECONDS = 86_400;

export interface AuthorizerParts {
  readonly web: Web;
  readonly clock: Clock;
}

export function makeAuthorizer(parts: AuthorizerParts, { auth, timeoutMs }: Ask): Authorizer {
  let held: { readonly token: string; readonly until: number } | null = null;
  return {
    async header() {
      if (auth === null) return null;
      if (auth.type === 'basic') return basic(auth.username, auth.password);
      if (auth.type === 'bearer') return `Bearer ${auth.token}`;
      if (held === null || parts.clock.now() >= held.until) held = await fetchToken(parts, auth, timeoutMs);
      return `Bearer ${held.token}`;
    },
    refused() {
      held = null;
    },
  };
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

async function fetchToken(
  { web, clock }: AuthorizerParts,
  auth: Oauth2,
  timeoutMs: number,
): Promise<{ readonly token: string; readonly until: number }> {
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (auth.scope !== null) form.set('scope', auth.scope);
  const answer = await web.ask({
    method: 'POST',
    url: auth.tokenUrl,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      authorization: basic(formEncode(auth.clientId), formEncode(auth.clientSecret)),
    },
    body: Buffer.from(form.toString()),
    timeoutMs,
    answerBytesMax: TOKEN_BYTES_MAX,
    redirectsMax: 0,
  });
  if (answer.kind === 'unanswered') throw new Trouble(`No OAuth2 token: ${answer.detail}`);
  if (answer.status < 200 || answer.status > 299)
    throw new Trouble(
      `No OAuth2 token: the token endpoint answered ${answer.status}; check clientId, clientSecret and scope`,
    );
  const { access_token: token, expires_in: life } = objectIn(answer.body);
  if (typeof token !== 'string' || token.length > TOKEN_CHARS_MAX || !/^[\x21-\x7e]+$/.test(token))
    throw new Trouble('No OAuth2 token: the answer of the token endpoint holds no usable access_token');
  return { token, until: clock.now() + usableMs(Number(life)) };
}

/** A tenth early, so that a token does not end on its way. */
function usableMs(lifeSeconds: number): number {
  const known = Number.isFinite(lifeSeconds) && lifeSeconds > 0 ? lifeSeconds : DEFAULT_LIFE_SECONDS;
  return Math.min(known, LONGEST_LIFE_SECONDS) * 900;
}

function formEncode(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

function objectIn(body: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
