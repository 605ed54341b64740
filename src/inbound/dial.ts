/** Connections of ways in that speak no HTTP: the address comes from the guard, the name stays for TLS. */
import { isIP, connect as netConnect, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import type { Web } from '../ports/web.ts';

const CONNECT_WITHIN_MS = 15_000;

export interface DialTo {
  readonly host: string;
  readonly port: number;
  /** null = plain. */
  readonly tls: DialTls | null;
}

/** PEM texts. Node checks the certificate against `DialTo.host`, or against `name`. */
export interface DialTls {
  /** Whom to trust instead of the well-known authorities. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Whose certificate it must be, when that is not the host's (XMPP: the domain). */
  readonly name?: string;
}

/** An open socket, after the TLS handshake. Rejects with a sentence for people. The caller listens to its errors. */
export async function dial(web: Web, to: DialTo, signal: AbortSignal): Promise<Socket> {
  const { host, port, tls } = to;
  const resolved = await web.resolve(host);
  if ('refused' in resolved) throw new Error(resolved.refused);
  if (signal.aborted) throw new Error('It was stopped.');
  const socket =
    tls === null
      ? netConnect({ host: resolved.address, port })
      : tlsConnect({ host: resolved.address, port, ...tlsOptions(host, tls) });
  return opened(socket, tls === null ? 'connect' : 'secureConnect', `${host}:${port}`, signal);
}

/** TLS over a socket that is open already (STARTTLS). */
export function secured(socket: Socket, host: string, tls: DialTls, signal: AbortSignal): Promise<Socket> {
  return opened(tlsConnect({ socket, ...tlsOptions(host, tls) }), 'secureConnect', host, signal);
}

function tlsOptions(host: string, { ca, cert, key, name = host }: DialTls) {
  return {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    // Of an address there is no SNI; the certificate is then checked against `host`.
    ...(isIP(name) === 0 && { servername: name }),
  };
}

function opened(socket: Socket, event: string, name: string, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      socket.off('error', fail).off('close', closed).off(event, open);
      if (!error) {
        resolve(socket);
        return;
      }
      socket.on('error', () => {}); // It may have more to say; nobody listens any more.
      socket.destroy();
      reject(error);
    };
    const open = (): void => done();
    const fail = (error: Error): void => done(new Error(`${name} ${connectFailure(error)}`));
    const closed = (): void => done(new Error(`${name} closed the connection at once`));
    const stop = (): void => done(new Error('It was stopped.'));
    const timer = setTimeout(
      () => done(new Error(`${name} did not answer within ${CONNECT_WITHIN_MS / 1000} s`)),
      CONNECT_WITHIN_MS,
    );
    socket.once('error', fail).once('close', closed).once(event, open);
    signal.addEventListener('abort', stop, { once: true });
  });
}

const FAILURES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection',
  ECONNRESET: 'broke the connection',
  ETIMEDOUT: 'did not answer',
  EHOSTUNREACH: 'cannot be reached from here',
  ENETUNREACH: 'cannot be reached from here',
  EPROTO: 'does not speak TLS at this port',
  ERR_SSL_WRONG_VERSION_NUMBER: 'does not speak TLS at this port',
};

/** What became of a connection, as words that follow the host's name. */
export function connectFailure(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return FAILURES[code ?? ''] ?? `could not be used: ${error.message}`;
}
