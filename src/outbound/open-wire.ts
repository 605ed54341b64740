/** The wire to strangers: guarded, bounded HTTP. */
import type { Outcome } from '../core/outcome.ts';
import type { Wire } from '../ports/wire.ts';
import { makeGuard } from './guard.ts';
import { Pools } from './pools.ts';
import { parseNoProxy, parseProxy } from './proxy.ts';
import { coalesceLookups, type Lookup, lookupAll, makeResolve } from './resolve.ts';
import { sendRequest } from './send.ts';
import { WIRE_LIMITS, type WireLimits } from './wire-limits.ts';

export interface WireOptions {
  /** CIDRs that may be reached although they are not public. */
  readonly allowSubnets: readonly string[];
  /** http://, https:// or socks5://, with credentials in its userinfo; null = connect directly. */
  readonly proxyUrl: string | null;
  /** What is reached without the proxy: host, .suffix, address, CIDR, each with an optional :port, or *. */
  readonly noProxy: readonly string[];
  readonly limits?: Partial<WireLimits>;
  /** Instead of the system's resolver. */
  readonly lookup?: Lookup;
}

/** Throws Problem `validation` when a setting cannot be used. Close it, or its idle connections stay for a while. */
export function openWire(options: WireOptions): Wire {
  const pools = openPools(options);
  let closed = false;
  return {
    send(request): Promise<Outcome> {
      if (!closed) return sendRequest(pools, request);
      return Promise.resolve({ kind: 'unreachable', detail: 'This node is shutting down', durationMs: 0 });
    },
    forget: (connection) => pools.forget(connection),
    async close() {
      closed = true;
      await pools.close();
    },
  };
}

/** The guarded connections under a wire, for requests that are no deliveries. Throws as `openWire` does. */
export function openPools(options: WireOptions): Pools {
  const limits = { ...WIRE_LIMITS, ...options.limits };
  const guard = makeGuard(options.allowSubnets);
  const lookup = coalesceLookups(options.lookup ?? lookupAll, limits.failedNameMs);
  const resolve = makeResolve({ guard, lookup, addressesPerName: limits.addressesPerName });
  const proxy = options.proxyUrl === null ? null : parseProxy(options.proxyUrl);
  const bypass = parseNoProxy(options.noProxy);
  return new Pools({ guard, resolve, lookup, limits, proxy, bypass });
}
