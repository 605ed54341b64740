/**
 * A Kafka cluster says itself where its brokers are, so every connection is guarded, not only the first: a pool asks the
 * guard for the address of each broker before it connects to it.
 */
import type { LookupFunction } from 'node:net';
import { isIP } from 'node:net';
import type { ConnectionPool } from '@platformatic/kafka';
import type { Web } from '../../ports/web.ts';
import { reach } from '../queue/reach.ts';

type GetConnection = (
  broker: KafkaAddress,
  callback: (error: Error | null, connection?: unknown) => void,
) => void;
interface KafkaAddress {
  readonly host: string;
  readonly port: number;
}

export interface BrokerGuard {
  /** Guards all connections that this pool will make. */
  guard(pool: ConnectionPool): void;
  /** For node:tls, which gets names: the address that was checked, and no other. */
  readonly lookup: LookupFunction;
}

export interface GuardOptions {
  readonly isTls: boolean;
  /** The first brokers are given by name, so certificates are checked for names. */
  readonly isNamed: boolean;
  /** The client's own kind of error, which it does not try again. */
  readonly refusal: (sentence: string) => Error;
}

export function brokerGuard(web: Web, { isTls, isNamed, refusal }: GuardOptions): BrokerGuard {
  const checked = new Map<string, string>();
  const addressOf = (host: string): string => checked.get(host) ?? host;
  // With TLS the pool is given the name, which the certificate must hold, and `lookup` the address.
  const goal = <Broker extends KafkaAddress>(broker: Broker): Broker =>
    isTls ? broker : { ...broker, host: addressOf(broker.host) };
  return {
    guard(pool) {
      const get = pool.get.bind(pool) as GetConnection;
      const guarded: GetConnection = (broker, callback) => {
        // The pool knows best what to say about a broker that is not there.
        if (broker?.host === undefined) return get(broker, callback);
        reach(web, broker.host).then(
          (address) => {
            checked.set(broker.host, address);
            if (isTls && isNamed && isIP(broker.host) !== 0)
              callback(
                new Error(`The cluster announces the address ${broker.host}; with TLS it must be a name.`),
              );
            else get(goal(broker), callback);
          },
          (error: Error) => callback(refusal(error.message)),
        );
      };
      const established = pool.getEstablishedConnection.bind(pool);
      Object.assign(pool, {
        get: guarded,
        getEstablishedConnection: (broker: Parameters<typeof established>[0]) => established(goal(broker)),
      });
    },
    lookup(host, options, callback) {
      const address = checked.get(host);
      if (address === undefined) callback(new Error(`${host} was not checked.`), '', 0);
      else if (options.all) callback(null, [{ address, family: isIP(address) }]);
      else callback(null, address, isIP(address));
    },
  };
}
