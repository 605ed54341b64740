/** One TCP or TLS connection as a promise that a signal can cut off. Nothing here decides who may be reached. */
import { connect, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls';
import { tcpFailure, tlsFailure } from './connect-failure.ts';
import type { Address } from './resolve.ts';

const TCP_KEEP_ALIVE_MS = 60_000;

export interface DialOptions {
  /** Tried in this order; there is no further look-up. */
  readonly addresses: readonly Address[];
  readonly port: number;
  /** For sentences. */
  readonly where: string;
  readonly addressAttemptMs: number;
  readonly signal: AbortSignal;
}

/** Rejects with a ConnectFailure, or with the signal's reason. */
export async function dialTcp({
  addresses,
  port,
  where,
  addressAttemptMs,
  signal,
}: DialOptions): Promise<Socket> {
  signal.throwIfAborted();
  const [first] = addresses;
  const pinned: LookupFunction = (_host, _options, done) => done(null, [...addresses]);
  const socket = connect({
    host: addresses.length === 1 && first !== undefined ? first.address : 'pinned.invalid',
    port,
    lookup: pinned,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: addressAttemptMs,
  });
  socket.setNoDelay(true);
  socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
  await opened(socket, 'connect', signal).catch((error: unknown) => {
    throw signal.aborted ? signal.reason : tcpFailure(error, where);
  });
  return socket;
}

export interface SecureOptions {
  /** Name or address that the certificate must be for. */
  readonly host: string;
  /** null for an IP address, which has no server name (RFC 6066 §3). */
  readonly servername: string | null;
  readonly context: SecureContext;
  readonly session: Buffer | undefined;
  readonly protocols: readonly string[];
  readonly where: string;
  readonly signal: AbortSignal;
}

/** TLS over a connected socket. `NODE_TLS_REJECT_UNAUTHORIZED` does not switch the verification off here. */
export async function secure(socket: Socket, options: SecureOptions): Promise<TLSSocket> {
  const { host, servername, context, session, protocols, where, signal } = options;
  signal.throwIfAborted();
  const secured = connectTls({
    socket,
    host,
    ...(servername === null ? {} : { servername }),
    ...(session === undefined ? {} : { session }),
    secureContext: context,
    ALPNProtocols: [...protocols],
    rejectUnauthorized: true,
  });
  await opened(secured, 'secureConnect', signal).catch((error: unknown) => {
    throw signal.aborted ? signal.reason : tlsFailure(error, where);
  });
  return secured;
}

/** Resolves at the event; rejects, and destroys the socket, at an error, an early end or the signal. */
function opened(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<void> {
  // The listener stays: an error between this promise and the socket's next owner must not end the process.
  socket.on('error', ignore);
  return new Promise((resolve, reject) => {
    const settle = (error: unknown): void => {
      socket.off(event, succeed).off('error', settle).off('close', closed);
      signal.removeEventListener('abort', abort);
      if (error === undefined) {
        resolve();
        return;
      }
      socket.destroy();
      reject(error);
    };
    const succeed = (): void => settle(undefined);
    const closed = (): void => settle(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
    const abort = (): void => settle(signal.reason);
    socket.once(event, succeed).once('error', settle).once('close', closed);
    signal.addEventListener('abort', abort, { once: true });
  });
}

function ignore(): void {}
