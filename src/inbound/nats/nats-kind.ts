/** Reads NATS: a JetStream consumer, acknowledged when a message is stored, or a plain subject, which knows no acknowledgement. */
import type { Authenticator, ConnectionOptions, NatsConnection } from '@nats-io/transport-node';
import type { InboundHost, InboundKind } from '../../ports/inbound.ts';
import type { InboundParts } from '../inbound-parts.ts';
import { reach, tlsTrust } from '../queue/reach.ts';
import { runSessions, type Session } from '../queue/sessions.ts';
import { readCore } from './read-core.ts';
import { readJetStream } from './read-jetstream.ts';
import { NATS_SECRETS, type NatsSettings, natsSettings } from './settings.ts';

const CONNECT_WITHIN_MS = 15_000;
const PING_EVERY_MS = 20_000;

export function natsKind(parts: InboundParts): InboundKind {
  return {
    kind: 'nats',
    secretMembers: NATS_SECRETS,
    check: (input) => void natsSettings(input),
    run(host) {
      const settings = natsSettings(host.input);
      return runSessions(parts, host, (session) => consume(parts, host, settings, session));
    },
  };
}

async function consume(
  parts: InboundParts,
  host: InboundHost,
  settings: NatsSettings,
  session: Session,
): Promise<void> {
  const connection = await connectTo(parts, settings);
  void connection.closed().then((cause) => session.fail(cause ?? 'The server closed the connection.'));
  try {
    const reading = { parts, host, session, connection, prefetch: settings.prefetch };
    if (settings.read.way === 'jetstream') await readJetStream(reading, settings.read.jetstream);
    else await readCore(reading, settings.read.core);
    // Acknowledgements leave before it closes.
    if (!connection.isClosed()) await connection.flush();
  } catch (error) {
    session.fail(error); // Before the closing, which would be told instead.
  } finally {
    await connection.close();
  }
}

async function connectTo(parts: InboundParts, settings: NatsSettings): Promise<NatsConnection> {
  const nats = await import('@nats-io/transport-node');
  const address = await reach(parts.web, settings.host);
  const options: ConnectionOptions = {
    servers: `${address.includes(':') ? `[${address}]` : address}:${settings.port}`,
    // One address at a time, and each is guarded: the servers that a cluster announces are not connected to.
    ignoreClusterUpdates: true,
    reconnect: false,
    resolve: false,
    name: parts.userAgent,
    timeout: CONNECT_WITHIN_MS,
    pingInterval: PING_EVERY_MS,
    ...(settings.tls.isOn
      ? // The transport hands all of it to node:tls, more than its type says.
        { tls: tlsTrust(settings.tls, settings.host) }
      : { tls: null }),
  };
  const authenticator = authenticatorOf(nats, settings);
  return nats.connect({ ...options, ...(authenticator && { authenticator }) });
}

function authenticatorOf(
  nats: typeof import('@nats-io/transport-node'),
  { username, password, token, nkeySeed, creds }: NatsSettings,
): Authenticator | null {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  if (token !== undefined) return nats.tokenAuthenticator(token);
  if (nkeySeed !== undefined) return nats.nkeyAuthenticator(bytes(nkeySeed.trim()));
  if (creds !== undefined) return nats.credsAuthenticator(bytes(credsText(creds)));
  return username === undefined ? null : nats.usernamePasswordAuthenticator(username, password ?? '');
}

/** The client reads only lines that end as its own do, the last one too; people paste them otherwise. */
function credsText(creds: string): string {
  return `${creds.replaceAll('\r\n', '\n').trim()}\n`;
}
