/** One connection to the mailbox's server, with every wait bounded and every answer, too. */
import { isIP } from 'node:net';
import { ImapFlow } from 'imapflow';
import type { Clock } from '../../ports/clock.ts';
import type { Web } from '../../ports/web.ts';
import type { ImapSettings } from './settings.ts';

const CONNECT_WITHIN_MS = 15_000;
const COMMAND_WITHIN_MS = 60_000;
/** A large message over a slow line. */
const FETCH_WITHIN_MS = 300_000;
/** Longer than a poll: what is silent for so long is dead. */
const SOCKET_SILENT_MS = 600_000;
const LINE_BYTES_MAX = 16 * 1024 * 1024;
const TOKENS_MAX = 100_000;
export const MESSAGE_BYTES_MAX = 25 * 1024 * 1024;

export interface ImapConnection {
  readonly client: ImapFlow;
  /** Rejects with a sentence when the server does not answer in time; the connection is then closed. */
  within<T>(what: string, work: Promise<T>, ms?: number): Promise<T>;
  readonly fetchMs: number;
}

export interface ConnectOptions {
  readonly web: Web;
  readonly clock: Clock;
  readonly settings: ImapSettings;
  readonly signal: AbortSignal;
}

/** Rejects with a sentence for people. */
export async function connectImap({ web, clock, settings, signal }: ConnectOptions): Promise<ImapConnection> {
  const { host } = settings;
  const resolved = await web.resolve(host);
  if ('refused' in resolved) throw new Error(resolved.refused);
  if (signal.aborted) throw new Error('It was stopped.');
  const client = new ImapFlow(optionsOf(settings, resolved.address));
  // A connection that breaks tells it here as well as to the command under way.
  client.on('error', () => {});
  const within = bounded(client, clock, host);
  const stop = (): void => client.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await within('the login', client.connect());
  } catch (cause) {
    client.close();
    throw new Error(failureOf(cause as ImapError, host), { cause });
  } finally {
    signal.removeEventListener('abort', stop);
  }
  return { client, within, fetchMs: FETCH_WITHIN_MS };
}

function optionsOf(settings: ImapSettings, address: string): ConstructorParameters<typeof ImapFlow>[0] {
  const { host, port, tls, tlsCa, user, password, accessToken } = settings;
  return {
    host: address,
    port,
    // The certificate must be the name's, not the address's.
    ...(isIP(host) === 0 && { servername: host }),
    secure: tls === 'tls',
    ...(tls !== 'tls' && { doSTARTTLS: tls === 'starttls' }),
    tls: { rejectUnauthorized: true, minVersion: 'TLSv1.2', ...(tlsCa !== null && { ca: tlsCa }) },
    auth: {
      user,
      ...(password !== null && { pass: password }),
      ...(accessToken !== null && { accessToken }),
    },
    clientInfo: { name: 'Posthorn' },
    logger: false,
    disableAutoIdle: true,
    // A few bytes must not become many.
    disableCompression: true,
    connectionTimeout: CONNECT_WITHIN_MS,
    greetingTimeout: CONNECT_WITHIN_MS,
    socketTimeout: SOCKET_SILENT_MS,
    maxLineLength: LINE_BYTES_MAX,
    maxLiteralSize: MESSAGE_BYTES_MAX + LINE_BYTES_MAX,
    maxResponseSize: MESSAGE_BYTES_MAX + 2 * LINE_BYTES_MAX,
    maxResponseTokens: TOKENS_MAX,
  };
}

function bounded(client: ImapFlow, clock: Clock, host: string): ImapConnection['within'] {
  return async (what, work, ms = COMMAND_WITHIN_MS) => {
    let cancel = (): void => {};
    const late = new Promise<never>((_, reject) => {
      cancel = clock.after(ms, () => {
        reject(new Error(`${host} did not answer within ${Math.round(ms / 1000)} s (${what}).`));
        client.close();
      });
    });
    // After the time is up nobody listens to what the command says when its connection closes.
    work.catch(() => {});
    return Promise.race([work, late]).finally(cancel);
  };
}

interface ImapError extends Error {
  readonly authenticationFailed?: boolean;
  readonly responseText?: string;
  readonly code?: string;
}

/** Without the user's name and secret: only what the server said. */
export function failureOf(error: ImapError, host: string): string {
  const said = error.responseText === undefined ? '' : `: ${error.responseText.slice(0, 200)}`;
  if (error.authenticationFailed) return `${host} refused the login${said}.`;
  if (error.responseText !== undefined) return `${host} refused${said}.`;
  return error.message.includes(host) ? error.message : `${host}: ${error.message}`;
}
