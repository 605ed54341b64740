/** Pools of connections, one per origin and connection options object; bounded, and closed when unused. */
import { type Dispatcher, Pool } from 'undici';
import type { ConnectionOptions } from '../ports/wire.ts';
import {
  type Connector,
  type ConnectorOptions,
  isForwarded,
  makeConnector,
  nameOf,
  type Target,
} from './connect.ts';
import { type Bypass, type ProxyServer, proxyCredentials } from './proxy.ts';
import type { Address } from './resolve.ts';

/** A pool and how requests on it are written. */
export interface Lane {
  readonly dispatcher: Dispatcher;
  /** `http://host` before the path when an HTTP proxy is asked for an absolute URL; else empty. */
  readonly pathPrefix: string;
  /** Raw pairs for the proxy. */
  readonly extraHeaders: readonly string[];
  /** The HTTP proxy that answers in the receiver's place when it refuses; null = there is none. */
  readonly forwarder: ProxyServer | null;
}

export interface PoolsOptions extends ConnectorOptions {
  readonly proxy: ProxyServer | null;
  readonly bypass: Bypass;
}

interface Entry extends Lane {
  readonly pool: Pool;
  readonly connector: Connector;
  usedAt: number;
}

export class Pools {
  private readonly options: PoolsOptions;
  private readonly lanes = new Map<ConnectionOptions, Map<string, Entry>>();
  private readonly closing = new Set<Entry>();
  private readonly sweeper: NodeJS.Timeout;
  private size = 0;

  constructor(options: PoolsOptions) {
    this.options = options;
    this.sweeper = setInterval(
      () => this.sweep(performance.now() - options.limits.poolIdleMs),
      options.limits.poolIdleMs,
    );
    this.sweeper.unref();
  }

  /** `now` is of the monotonic clock. */
  lane(connection: ConnectionOptions, url: URL, now: number): Lane {
    const origin = `${url.protocol}//${url.host}`;
    const entry = this.lanes.get(connection)?.get(origin) ?? this.open(connection, url, origin);
    entry.usedAt = now;
    return entry;
  }

  /** Checked addresses for a connection that is no HTTP. Rejects with a ConnectFailure. */
  resolve(host: string): Promise<readonly Address[]> {
    return this.options.resolve(host);
  }

  /** Requests that run are finished; idle connections are dropped. */
  forget(connection: ConnectionOptions): void {
    for (const origin of [...(this.lanes.get(connection)?.keys() ?? [])]) this.retire(connection, origin);
  }

  /** Ends everything, also what runs. */
  async close(): Promise<void> {
    clearInterval(this.sweeper);
    for (const connection of [...this.lanes.keys()]) this.forget(connection);
    const ended = [...this.closing].map(async ({ connector, pool }) => {
      connector.abort();
      await pool.destroy();
    });
    await Promise.race([Promise.allSettled(ended), unrefDelay(this.options.limits.closeMs)]);
  }

  private open(connection: ConnectionOptions, url: URL, origin: string): Entry {
    const { limits } = this.options;
    // Over the limit the older half goes at once, so that a flood of origins does not search for each newcomer.
    if (this.size >= limits.pools) this.evict(Math.ceil(limits.pools / 2));
    const entry = this.makeEntry(connection, url, origin);
    const siblings = this.lanes.get(connection) ?? new Map<string, Entry>();
    this.lanes.set(connection, siblings.set(origin, entry));
    this.size += 1;
    return entry;
  }

  private makeEntry(connection: ConnectionOptions, url: URL, origin: string): Entry {
    const { limits, bypass } = this.options;
    const target = targetOf(url);
    const proxy = this.options.proxy === null || bypass(target) ? null : this.options.proxy;
    const connector = makeConnector({ target, connection, proxy }, this.options);
    const multiplexed = target.secure && connection.allowHttp2;
    const pool = new Pool(origin, {
      connect: connector.connect,
      connections: limits.connectionsPerPool,
      pipelining: 1,
      allowH2: multiplexed,
      // The total deadline is ours; undici's timers are coarse and start again with each chunk. Its HTTP/2 sessions
      // keep them, because there they also end a session on which no stream can be opened.
      ...(multiplexed ? {} : { headersTimeout: 0, bodyTimeout: 0 }),
      keepAliveTimeout: limits.keepAliveMs,
      keepAliveMaxTimeout: limits.keepAliveMaxMs,
      keepAliveTimeoutThreshold: limits.keepAliveMarginMs,
      maxHeaderSize: limits.responseHeaderBytes,
    });
    const forwarder = proxy !== null && isForwarded(target, proxy) ? proxy : null;
    return {
      pool,
      dispatcher: pool,
      connector,
      pathPrefix: forwarder === null ? '' : origin,
      extraHeaders: forwarder === null ? [] : proxyCredentials(forwarder),
      forwarder,
      usedAt: 0,
    };
  }

  private retire(connection: ConnectionOptions, origin: string): void {
    const siblings = this.lanes.get(connection);
    const entry = siblings?.get(origin);
    if (siblings === undefined || entry === undefined) return;
    siblings.delete(origin);
    if (siblings.size === 0) this.lanes.delete(connection);
    this.size -= 1;
    this.closing.add(entry);
    const done = (): void => void this.closing.delete(entry);
    entry.pool.close().then(done, done);
  }

  private sweep(lastUsedUntil: number): void {
    for (const [connection, siblings] of [...this.lanes]) {
      for (const [origin, entry] of [...siblings]) {
        if (entry.usedAt <= lastUsedUntil) this.retire(connection, origin);
      }
    }
  }

  private evict(count: number): void {
    const times = [...this.lanes.values()].flatMap((siblings) =>
      [...siblings.values()].map((entry) => entry.usedAt),
    );
    this.sweep(times.sort((a, b) => a - b)[count - 1] ?? Number.POSITIVE_INFINITY);
  }
}

/** Host and port of an http or https URL. */
function targetOf(url: URL): Target {
  const isSecure = url.protocol === 'https:';
  const port = url.port === '' ? (isSecure ? 443 : 80) : Number(url.port);
  return { secure: isSecure, host: url.hostname.replace(/^\[|\]$/g, ''), port };
}

/** For sentences: `example.com:443`. */
export function targetName(url: URL): string {
  return nameOf(targetOf(url));
}

function unrefDelay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
