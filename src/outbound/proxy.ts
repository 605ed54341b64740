/**
 * The proxy that deliveries go through: what the settings say (pure), and the tunnels. The proxy's own address is
 * trusted, for the operator named it. The target's name is looked up and checked here first, but the proxy is given
 * the name and resolves it again: a proxy that may reach private addresses must enforce its own rules.
 */
import { request } from 'node:http';
import { type BlockList, isIP, type Socket } from 'node:net';
import { SocksClient } from 'socks';
import { Problem } from '../core/problem.ts';
import { ConnectFailure, tcpFailure } from './connect-failure.ts';
import { isInSubnets, listOf } from './guard.ts';

export interface ProxyServer {
  readonly protocol: 'http' | 'https' | 'socks5';
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
}

const DEFAULT_PORTS = { http: 80, https: 443, socks5: 1080 } as const;
const PROTOCOLS: Readonly<Record<string, ProxyServer['protocol']>> = {
  'http:': 'http',
  'https:': 'https',
  'socks5:': 'socks5',
  'socks5h:': 'socks5',
};

/** Throws Problem `validation`; the sentence never repeats the setting, which may hold a password. */
export function parseProxy(proxyUrl: string): ProxyServer {
  const url = URL.canParse(proxyUrl) ? new URL(proxyUrl) : undefined;
  const protocol = PROTOCOLS[url?.protocol ?? ''];
  if (url === undefined || protocol === undefined || url.hostname === '') {
    throw new Problem(
      'validation',
      'POSTHORN_PROXY_URL must be http://, https:// or socks5:// with a host, e.g. http://user:password@proxy.example:3128',
    );
  }
  return {
    protocol,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? DEFAULT_PORTS[protocol] : Number(url.port),
    username: decodeUserinfo(url.username),
    password: decodeUserinfo(url.password),
  };
}

function decodeUserinfo(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The Proxy-Authorization header as a raw pair; empty without credentials. */
export function proxyCredentials({ username, password }: ProxyServer): readonly string[] {
  if (username === '' && password === '') return [];
  return ['Proxy-Authorization', `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`];
}

/** True when a target is to be reached without the proxy. */
export type Bypass = (target: { readonly host: string; readonly port: number }) => boolean;

/**
 * Exceptions: `*`, a host name (it and everything below it; a leading dot means the same), an IP address or CIDR
 * (compared with hosts given as addresses), each optionally with `:port`. Throws Problem `validation`.
 */
export function parseNoProxy(entries: readonly string[]): Bypass {
  const rules = entries
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '')
    .map(parseException);
  return ({ host, port }) => {
    const name = host.toLowerCase().replace(/\.$/, '');
    return rules.some((rule) => (rule.port === null || rule.port === port) && matches(rule, name));
  };
}

interface Exception {
  readonly port: number | null;
  readonly name: string;
  readonly subnets: BlockList | null;
}

function parseException(entry: string): Exception {
  if (entry === '*') return { port: null, name: '*', subnets: null };
  const portMatch = /^(\[[^\]]+\]|[^:]+):(\d{1,5})$/.exec(entry);
  const bare = (portMatch?.[1] ?? entry).replace(/^\[|\]$/g, '');
  const port = portMatch?.[2] === undefined ? null : Number(portMatch[2]);
  const isAddress = isIP(bare.split('/', 1)[0] ?? '') !== 0;
  if (isAddress) return { port, name: '', subnets: listOf([bare], 'POSTHORN_NO_PROXY') };
  const name = bare.replace(/^\*?\./, '');
  if (!/^[^\s/:*]+$/.test(name)) {
    throw new Problem(
      'validation',
      `POSTHORN_NO_PROXY: "${entry}" is not a host, .suffix, CIDR or host:port`,
    );
  }
  return { port, name, subnets: null };
}

function matches({ name, subnets }: Exception, host: string): boolean {
  if (subnets !== null) return isInSubnets(host, subnets);
  return name === '*' || host === name || host.endsWith(`.${name}`);
}

export interface TunnelOptions {
  /** Connected to the proxy. */
  readonly socket: Socket;
  readonly proxy: ProxyServer;
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Makes the connected socket a tunnel to host:port. Rejects with a ConnectFailure, or the signal's reason. */
export async function openTunnel(options: TunnelOptions): Promise<Socket> {
  const { socket, proxy, signal } = options;
  const abort = (): void => void socket.destroy();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await (proxy.protocol === 'socks5' ? socksTunnel(options) : httpTunnel(options));
  } catch (error) {
    socket.destroy();
    if (signal.aborted) throw signal.reason;
    if (error instanceof ConnectFailure) throw error;
    throw tcpFailure(error, `The proxy ${proxy.host}:${proxy.port}`);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** CONNECT (RFC 9110 §9.3.6). */
function httpTunnel({ socket, proxy, host, port }: TunnelOptions): Promise<Socket> {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return new Promise((resolve, reject) => {
    const asked = request({
      method: 'CONNECT',
      path: authority,
      headers: ['Host', authority, ...proxyCredentials(proxy)],
      // Without an agent: only then is createConnection asked.
      createConnection: () => socket,
    });
    asked.once('connect', (response, tunnel, head) => {
      const { statusCode = 0 } = response;
      if (statusCode < 200 || statusCode > 299) return reject(refusedByProxy(proxy, authority, statusCode));
      if (head.length > 0) tunnel.unshift(head);
      resolve(socket);
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** The sentence for a proxy's own answer. */
export function refusedByProxy(proxy: ProxyServer, target: string, statusCode: number): ConnectFailure {
  const hint = statusCode === 407 ? '; check the user and password in POSTHORN_PROXY_URL' : '';
  return new ConnectFailure(
    'unreachable',
    `The proxy ${proxy.host}:${proxy.port} refused the connection to ${target} with status ${statusCode}${hint}`,
  );
}

/** SOCKS version 5 (RFC 1928, RFC 1929). */
async function socksTunnel({ socket, proxy, host, port, timeoutMs }: TunnelOptions): Promise<Socket> {
  const { username, password } = proxy;
  try {
    const tunnel = await SocksClient.createConnection({
      command: 'connect',
      destination: { host, port },
      proxy: {
        type: 5,
        host: proxy.host,
        port: proxy.port,
        ...(username === '' && password === '' ? {} : { userId: username, password }),
      },
      existing_socket: socket,
      timeout: timeoutMs,
    });
    return tunnel.socket;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConnectFailure(
      'unreachable',
      `The proxy ${proxy.host}:${proxy.port} did not connect to ${host}:${port}: ${reason}`,
    );
  }
}
