/**
 * A destination made ready to call: opened secrets, parsed URL, the headers that never change laid out flat. Made once
 * per version of the destination, so that an attempt only fills in id, timestamp and signature.
 */
import type { ClientTls, Destination, DestinationAuth } from '../core/catalog/resources.ts';
import type { OrganizationId } from '../core/ids.ts';
import { compileKey, type Signer, signatureHeaders } from '../core/signing/standard-webhooks.ts';
import type { ConnectionOptions } from '../ports/wire.ts';
import type { EngineSettings, Vault } from './engine.ts';

export type Oauth2Auth = Extract<DestinationAuth, { readonly type: 'oauth2' }>;

export interface CompiledDestination {
  readonly destination: Destination;
  readonly url: URL;
  /** Without userinfo: what history and logs show. */
  readonly shownUrl: string;
  /** Why it cannot be called at all; null = it can. */
  readonly unusable: string | null;
  readonly connection: ConnectionOptions;
  readonly timeoutMs: number;
  readonly keys: readonly { readonly signer: Signer; readonly expiresAt: number }[];
  /** name, value, name, value, … with the slots below still to fill. */
  readonly headers: readonly string[];
  /** Lower-case names in `headers`. */
  readonly headerNames: ReadonlySet<string>;
  readonly oauth2: Oauth2Auth | null;
}

/** Where in `headers` the values of one attempt go. */
export const ID_SLOT = 1;
export const TIMESTAMP_SLOT = 3;
export const SIGNATURE_SLOT = 5;
export const CONTENT_TYPE_SLOT = 7;
const FILLED_IN = '';
const NOWHERE = new URL('http://invalid.invalid/');

export interface CompileOptions {
  readonly organization: OrganizationId;
  readonly vault: Vault;
  readonly settings: EngineSettings;
  /** The connection of the version before, kept when nothing about it changed: it has open sockets. */
  readonly previous: CompiledDestination | undefined;
}

/** Throws Problem `unavailable` when the main secret does not fit. */
export function compileDestination(destination: Destination, options: CompileOptions): CompiledDestination {
  const { vault, organization, settings } = options;
  const open = (sealed: Destination['headers']): unknown =>
    sealed === null ? null : JSON.parse(vault.open(organization, destination.id, sealed));
  const url = URL.canParse(destination.url) ? new URL(destination.url) : NOWHERE;
  const auth = open(destination.auth) as DestinationAuth | null;
  const custom = (open(destination.headers) ?? []) as [string, string][];
  const authorization = authorizationOf(auth, url);
  url.username = '';
  url.password = '';
  const headers = layOut(custom, authorization, settings);
  return {
    destination,
    url,
    shownUrl: url.href,
    unusable: unusable(url, settings),
    connection: connectionOf(destination, open(destination.tls) as ClientTls | null, options.previous),
    timeoutMs: destination.timeoutMs ?? settings.timeoutMs,
    keys: destination.keys.map((key) => ({
      signer: compileKey(vault.open(organization, destination.id, key.secret)),
      expiresAt: key.expiresAt ?? Number.POSITIVE_INFINITY,
    })),
    headers,
    headerNames: new Set(headers.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())),
    oauth2: auth?.type === 'oauth2' ? auth : null,
  };
}

/** The keys that sign at an instant: the current one first, then old ones that have not expired. */
export function signersAt({ keys }: CompiledDestination, now: number): readonly Signer[] {
  const current: Signer[] = [];
  const old: Signer[] = [];
  for (const { signer, expiresAt } of keys) {
    if (expiresAt === Number.POSITIVE_INFINITY) current.push(signer);
    else if (expiresAt > now) old.push(signer);
  }
  return old.length === 0 ? current : [...current, ...old];
}

function unusable(url: URL, settings: EngineSettings): string | null {
  if (url === NOWHERE) return 'The endpoint has no usable URL: change it to an absolute http or https URL.';
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    return `The endpoint's URL is ${url.protocol}: change it to http or https.`;
  if (settings.endpointHttpsOnly && url.protocol !== 'https:')
    return 'Only https endpoints are called here (POSTHORN_ENDPOINT_HTTPS_ONLY): change the URL to https.';
  return null;
}

/** The endpoint's own authentication; without one, `user:password@` of its URL. */
function authorizationOf(auth: DestinationAuth | null, url: URL): string | null {
  if (auth?.type === 'bearer') return `Bearer ${auth.token}`;
  if (auth?.type === 'basic') return basic(auth.username, auth.password);
  if (auth?.type === 'oauth2' || (url.username === '' && url.password === '')) return null;
  return basic(decode(url.username), decode(url.password));
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** A URL keeps a lone % as it was typed, which decodeURIComponent refuses. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function layOut(
  custom: readonly (readonly [string, string])[],
  authorization: string | null,
  { signatureHeaders: set, userAgent }: EngineSettings,
): string[] {
  const names = new Set(custom.map(([name]) => name.toLowerCase()));
  const unsigned = signatureHeaders(set, { id: FILLED_IN, timestampSeconds: 0, signature: FILLED_IN });
  const headers = [...unsigned, 'Content-Type', FILLED_IN, 'User-Agent', userAgent];
  if (!names.has('accept')) headers.push('Accept', '*/*');
  if (authorization !== null && !names.has('authorization')) headers.push('Authorization', authorization);
  for (const [name, value] of custom) headers.push(name, value);
  return headers;
}

function connectionOf(
  { allowHttp2 }: Destination,
  tls: ClientTls | null,
  previous: CompiledDestination | undefined,
): ConnectionOptions {
  const before = previous?.connection;
  const isSame =
    before !== undefined &&
    before.allowHttp2 === allowHttp2 &&
    before.tls?.cert === tls?.cert &&
    before.tls?.key === tls?.key &&
    before.tls?.ca === tls?.ca;
  return isSame ? before : Object.freeze({ tls, allowHttp2 });
}
