/**
 * The connector under every pool. A connection is made in this order, and each step fails with its own outcome:
 *
 *   look up and check ──> TCP (to the checked addresses only) ──> check the peer ──> TLS
 *                └──────> TCP to the proxy ──> its TLS ──> tunnel ─────────────────┘
 *
 * undici's own connector is not used: there a look-up is not called for IP literals, a `blockList` is not applied to
 * TLS, and the peer's address is known only after the ClientHello was sent.
 */
import type { Socket } from 'node:net';
import { createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { buildConnector } from 'undici';
import type { ConnectionOptions } from '../ports/wire.ts';
import { ConnectFailure, dnsFailure, tlsReason } from './connect-failure.ts';
import { dialTcp, secure } from './dial.ts';
import { describeRefusal, type Guard } from './guard.ts';
import { openTunnel, type ProxyServer } from './proxy.ts';
import type { Lookup, Resolve } from './resolve.ts';
import { skipContinue } from './skip-continue.ts';
import type { WireLimits } from './wire-limits.ts';

/** Where a pool's connections lead. */
export interface Target {
  readonly secure: boolean;
  /** Name or IP address, without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface ConnectorOptions {
  readonly guard: Guard;
  readonly resolve: Resolve;
  /** Unguarded: for the proxy's own name. */
  readonly lookup: Lookup;
  readonly limits: WireLimits;
}

/** How one pool connects. */
export interface Route {
  readonly target: Target;
  readonly connection: ConnectionOptions;
  /** null = directly. */
  readonly proxy: ProxyServer | null;
}

export interface Connector {
  readonly connect: buildConnector.connector;
  /** Ends the connections that are still being made. */
  abort(): void;
}

export function makeConnector(route: Route, options: ConnectorOptions): Connector {
  const underway = new Set<AbortController>();
  const tls = makeTls(route);
  const connect: buildConnector.connector = (_options, callback) => {
    const controller = new AbortController();
    underway.add(controller);
    const { connectTimeoutMs } = options.limits;
    const late = new ConnectFailure(
      'timed-out',
      `No connection to ${nameOf(route.target)} within ${connectTimeoutMs} ms`,
    );
    const timer = setTimeout(() => controller.abort(late), connectTimeoutMs);
    const finish = (): void => {
      clearTimeout(timer);
      underway.delete(controller);
    };
    openSocket(route, tls, { ...options, signal: controller.signal }).then(
      (socket) => {
        finish();
        if (socket.destroyed) {
          // undici would answer its own "destroyed" error by connecting again, without end.
          callback(
            new ConnectFailure('unreachable', `${nameOf(route.target)} closed the connection at once`),
            null,
          );
          return;
        }
        if ((socket as Partial<TLSSocket>).alpnProtocol !== 'h2') skipContinue(socket);
        callback(null, socket);
      },
      (error: Error) => {
        finish();
        callback(error, null);
      },
    );
  };
  const stopped = new ConnectFailure(
    'unreachable',
    'The attempt was ended because this node is shutting down',
  );
  const abort = (): void => {
    for (const controller of underway) controller.abort(stopped);
  };
  return { connect, abort };
}

interface OpenOptions extends ConnectorOptions {
  readonly signal: AbortSignal;
}

async function openSocket(route: Route, tls: Tls, options: OpenOptions): Promise<Socket> {
  const { target, proxy } = route;
  const { signal, limits } = options;
  const addresses = await cutOff(options.resolve(target.host), signal);
  const where = nameOf(target);
  if (proxy !== null) return tls(await throughProxy(route, proxy, options), signal);
  const socket = await dialTcp({ ...limits, addresses, port: target.port, where, signal });
  const peer = socket.remoteAddress;
  // The addresses were pinned, so this cannot differ; it is the last look before the first byte is sent.
  const refusal = peer === undefined ? null : options.guard.check(peer);
  if (refusal !== null) {
    socket.destroy();
    throw new ConnectFailure('blocked', describeRefusal(refusal, target.host));
  }
  return tls(socket, signal);
}

async function throughProxy({ target }: Route, proxy: ProxyServer, options: OpenOptions): Promise<Socket> {
  const { signal, limits } = options;
  const where = `The proxy ${nameOf(proxy)}`;
  const addresses = await cutOff(options.lookup(proxy.host), signal).catch((error: unknown) => {
    throw dnsFailure(error, where);
  });
  const socket = await dialTcp({ ...limits, addresses, port: proxy.port, where, signal });
  const hop =
    proxy.protocol === 'https'
      ? await secure(socket, {
          ...identityOf(proxy.host),
          context: systemContext(),
          session: undefined,
          protocols: ['http/1.1'],
          where: `the proxy ${nameOf(proxy)}`,
          signal,
        })
      : socket;
  if (isForwarded(target, proxy)) return hop;
  const { host, port } = target;
  return openTunnel({ socket: hop, proxy, host, port, timeoutMs: limits.connectTimeoutMs, signal });
}

/** Plain http through an HTTP proxy is asked for by its absolute URL: many proxies allow CONNECT to 443 only. */
export function isForwarded(target: Target, proxy: ProxyServer): boolean {
  return !target.secure && proxy.protocol !== 'socks5';
}

/** The last step: TLS for https, nothing for http. Keeps the session, so that the next handshake is short. */
type Tls = (socket: Socket, signal: AbortSignal) => Promise<Socket>;

function makeTls({ target, connection }: Route): Tls {
  if (!target.secure) return async (socket) => socket;
  const where = nameOf(target);
  const protocols = connection.allowHttp2 ? ['h2', 'http/1.1'] : ['http/1.1'];
  let context: SecureContext | undefined;
  let session: Buffer | undefined;
  return async (socket, signal) => {
    try {
      context ??= contextOf(connection);
    } catch (error) {
      socket.destroy();
      const reason = tlsReason(error);
      throw new ConnectFailure('tls-failed', `The client certificate, key or CA cannot be used: ${reason}`);
    }
    const secured = await secure(socket, {
      ...identityOf(target.host),
      context,
      session,
      protocols,
      where,
      signal,
    });
    secured.on('session', (ticket) => {
      session = ticket;
    });
    return secured;
  };
}

/** The certificate must be for this; a final dot belongs to DNS, not to the name in the certificate. */
function identityOf(host: string): { host: string; servername: string | null } {
  const name = host.replace(/\.$/, '');
  return { host: name, servername: /^[\d.]+$|:/.test(name) ? null : name };
}

let sharedContext: SecureContext | undefined;
function systemContext(): SecureContext {
  sharedContext ??= createSecureContext();
  return sharedContext;
}

function contextOf({ tls }: ConnectionOptions): SecureContext {
  if (tls === null) return systemContext();
  return createSecureContext({
    cert: tls.cert ?? undefined,
    key: tls.key ?? undefined,
    ca: tls.ca ?? undefined,
  });
}

export function nameOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** A look-up cannot be stopped; its answer is then not waited for. */
function cutOff<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
