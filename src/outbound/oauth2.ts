/**
 * OAuth2 client credentials (RFC 6749 §4.4): one token from the customer's token endpoint, through the same guarded
 * wire as deliveries. The request and the reading of the answer are pure; whoever calls keeps the token.
 */
import type { DestinationAuth } from '../core/catalog/resources.ts';
import { isAnswered, type Outcome } from '../core/outcome.ts';
import type { ConnectionOptions, Wire } from '../ports/wire.ts';

export type Oauth2Auth = Extract<DestinationAuth, { readonly type: 'oauth2' }>;

export type Oauth2Token =
  | {
      readonly kind: 'granted';
      /** To be sent as `Authorization: Bearer <token>`. */
      readonly token: string;
      /** Do not use it from this instant on; somewhat before the token really ends. */
      readonly expiresAt: number;
    }
  /** As an attempt's outcome: without a token the delivery cannot be written. */
  | { readonly kind: 'unrenderable'; readonly detail: string };

export interface TokenOptions {
  /** Ms since the epoch. */
  readonly now: number;
  readonly timeoutMs?: number;
}

const TOKEN_TIMEOUT_MS = 10_000;
const TOKEN_CHARS = 16_384;
/** When the endpoint does not say how long the token lives (RFC 6749 §5.1 only recommends it). */
const DEFAULT_LIFE_SECONDS = 300;
const LONGEST_LIFE_SECONDS = 86_400;
const EARLY_MS = 30_000;

/** Token endpoints share connections whoever asks: what identifies a client is in the request. */
const TOKEN_CONNECTION: ConnectionOptions = Object.freeze({ tls: null, allowHttp2: false });

/** Never rejects. */
export async function fetchOauth2Token(
  wire: Wire,
  auth: Oauth2Auth,
  options: TokenOptions,
): Promise<Oauth2Token> {
  if (!URL.canParse(auth.tokenUrl)) return failed('the token URL is not a URL');
  const { headers, body } = tokenRequest(auth);
  const outcome = await wire.send({
    method: 'POST',
    url: new URL(auth.tokenUrl),
    headers,
    body,
    timeoutMs: options.timeoutMs ?? TOKEN_TIMEOUT_MS,
    connection: TOKEN_CONNECTION,
  });
  return readToken(outcome, options.now);
}

/** The form of RFC 6749 §4.4.2, with the client's credentials as §2.3.1 has them. */
export function tokenRequest(auth: Oauth2Auth): {
  readonly headers: readonly string[];
  readonly body: Uint8Array;
} {
  const form = new URLSearchParams({ ...auth.extraParams, grant_type: 'client_credentials' });
  if (auth.scopes.length > 0) form.set('scope', auth.scopes.join(' '));
  const headers = ['Content-Type', 'application/x-www-form-urlencoded', 'Accept', 'application/json'];
  if (auth.clientAuth === 'basic') {
    const credentials = `${formEncode(auth.clientId)}:${formEncode(auth.clientSecret)}`;
    headers.push('Authorization', `Basic ${Buffer.from(credentials).toString('base64')}`);
  } else {
    form.set('client_id', auth.clientId);
    form.set('client_secret', auth.clientSecret);
  }
  return { headers, body: Buffer.from(form.toString()) };
}

function formEncode(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

/** The token in an answer, or why there is none. Sentences repeat nothing of the answer but its error code. */
export function readToken(outcome: Outcome, now: number): Oauth2Token {
  if (!isAnswered(outcome)) return failed(outcome.detail);
  const answer = outcome.kind === 'oversized' ? null : parseObject(outcome.body);
  if (outcome.statusCode < 200 || outcome.statusCode > 299) {
    const code = answer?.error;
    const said = typeof code === 'string' && /^[a-z_]{1,40}$/.test(code) ? ` (${code})` : '';
    return failed(`the token endpoint answered ${outcome.statusCode}${said}`);
  }
  if (answer === null)
    return failed('the token endpoint did not answer with a JSON object of at most 20,000 bytes');
  const { access_token: token, token_type: type, expires_in: life } = answer;
  if (typeof token !== 'string' || token.length > TOKEN_CHARS || !/^[\x21-\x7e]+$/.test(token)) {
    return failed('the answer of the token endpoint holds no usable access_token');
  }
  if (type !== undefined && !(typeof type === 'string' && type.toLowerCase() === 'bearer')) {
    return failed('the token endpoint gives tokens of a type that is not Bearer');
  }
  return { kind: 'granted', token, expiresAt: now + usableMs(Number(life ?? DEFAULT_LIFE_SECONDS)) };
}

/** A tenth or 30 s early, whichever is less, so that a token does not end on its way. */
function usableMs(lifeSeconds: number): number {
  const known = Number.isFinite(lifeSeconds) ? lifeSeconds : DEFAULT_LIFE_SECONDS;
  const lifeMs = Math.min(Math.max(known, 0), LONGEST_LIFE_SECONDS) * 1000;
  return lifeMs - Math.min(lifeMs / 10, EARLY_MS);
}

function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function failed(reason: string): Oauth2Token {
  return { kind: 'unrenderable', detail: `No OAuth2 token: ${reason}` };
}
