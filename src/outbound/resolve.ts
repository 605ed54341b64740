/**
 * Names to addresses that may be connected to. Every address of a name is checked and one bad one refuses the name,
 * so that a mixed answer cannot be tried until it works; the caller connects to these addresses and looks up no more.
 */
import { lookup as systemLookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { ConnectFailure, dnsFailure } from './connect-failure.ts';
import { describeRefusal, type Guard } from './guard.ts';

export interface Address {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a name, in the order to try them. Rejects with a DNS error. */
export type Lookup = (host: string) => Promise<readonly Address[]>;

/** Checked addresses of a host (a name, or an IP address without brackets). Rejects with a ConnectFailure. */
export type Resolve = (host: string) => Promise<readonly Address[]>;

export interface ResolveOptions {
  readonly guard: Guard;
  readonly lookup: Lookup;
  readonly addressesPerName: number;
}

/** The system's resolver (hosts file, search domains and all), as programs beside us see names. */
export const lookupAll: Lookup = (host) => systemLookup(host, { all: true, order: 'verbatim' });

export function makeResolve({ guard, lookup, addressesPerName }: ResolveOptions): Resolve {
  return async (host) => {
    const family = isIP(host.split('%', 1)[0] ?? '');
    if (family !== 0) {
      const refusal = guard.check(host);
      if (refusal !== null) throw new ConnectFailure('blocked', describeRefusal(refusal));
      return [{ address: host, family }];
    }
    const addresses = await lookup(host).catch((error: unknown) => {
      throw dnsFailure(error, host);
    });
    if (addresses.length === 0) throw new ConnectFailure('unreachable', `${host} has no address in DNS`);
    if (addresses.length > addressesPerName) {
      throw new ConnectFailure('unreachable', `${host} has more than ${addressesPerName} addresses in DNS`);
    }
    for (const { address } of addresses) {
      const refusal = guard.check(address);
      if (refusal !== null) throw new ConnectFailure('blocked', describeRefusal(refusal, host));
    }
    return addresses;
  };
}

/**
 * Asks once for callers that ask at the same time, and not again for `failedNameMs` when there was no answer. Node's
 * look-ups share two of four threads, so without this one dead name with many waiting deliveries would hold both.
 */
export function coalesceLookups(lookup: Lookup, failedNameMs: number): Lookup {
  const asked = new Map<string, Promise<readonly Address[]>>();
  return (host) => {
    const running = asked.get(host);
    if (running !== undefined) return running;
    const answer = lookup(host);
    asked.set(host, answer);
    answer.then(
      () => asked.delete(host),
      () => setTimeout(() => asked.delete(host), failedNameMs).unref(),
    );
    return answer;
  };
}
