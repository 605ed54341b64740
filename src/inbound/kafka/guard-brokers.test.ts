import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConnectionPool } from '@platformatic/kafka';
import type { Web } from '../../ports/web.ts';
import { brokerGuard } from './guard-brokers.ts';

const web: Web = {
  ask: async () => ({ kind: 'unanswered', detail: '' }),
  resolve: async (host) =>
    host.startsWith('bad') ? { refused: `${host} is private.` } : { address: '203.0.113.7' },
  close: async () => {},
};

/** What a pool is asked to connect to, or the refusal. */
async function goalOf(host: string, isTls: boolean): Promise<string> {
  const pool = {
    get: (broker: { host: string }, callback: (error: Error | null) => void) => {
      goal = broker.host;
      callback(null);
    },
    getEstablishedConnection: () => undefined,
  };
  let goal = '';
  const guard = brokerGuard(web, { isTls, isNamed: true, refusal: (sentence) => new Error(sentence) });
  guard.guard(pool as unknown as ConnectionPool);
  return new Promise((resolve) => {
    pool.get({ host }, (error) => {
      if (error || !isTls) return resolve(error?.message ?? goal);
      guard.lookup(host, {}, (_, address) => resolve(`${goal} at ${address}`));
    });
  });
}

test('a plain connection goes to the checked address, one with TLS to the name at that address', async () => {
  assert.equal(await goalOf('kafka-2.example.com', false), '203.0.113.7');
  assert.equal(await goalOf('kafka-2.example.com', true), 'kafka-2.example.com at 203.0.113.7');
});

test('a refused broker is not connected to, nor an address where certificates are of names', async () => {
  assert.equal(await goalOf('bad.example.com', false), 'bad.example.com is private.');
  assert.equal(await goalOf('bad.example.com', true), 'bad.example.com is private.');
  assert.match(await goalOf('203.0.113.7', true), /announces the address 203\.0\.113\.7; with TLS/);
});

test('a name that was not checked has no address', () => {
  const guard = brokerGuard(web, { isTls: true, isNamed: true, refusal: (sentence) => new Error(sentence) });
  let told: Error | null = null;
  guard.lookup('sneaky.example.com', {}, (error) => {
    told = error;
  });
  assert.match(String(told), /was not checked/);
});
