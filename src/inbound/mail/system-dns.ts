/** The system's name servers, asked for records (not the hosts file), each question bounded. */
import { Resolver } from 'node:dns/promises';
import type { DnsQuery } from './check-sender.ts';

const ANSWER_WITHIN_MS = 2_000;
const TRIES = 2;

export function systemDns(): DnsQuery {
  const resolver = new Resolver({ timeout: ANSWER_WITHIN_MS, tries: TRIES });
  return (name, type) => resolver.resolve(name, type) as Promise<string[] | string[][]>;
}
