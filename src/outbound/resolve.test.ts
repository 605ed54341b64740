import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeGuard } from './guard.ts';
import { type Address, coalesceLookups, type Lookup, makeResolve } from './resolve.ts';

const PUBLIC: Address = { address: '93.184.216.34', family: 4 };

function resolver(lookup: Lookup) {
  return makeResolve({ guard: makeGuard([]), lookup, addressesPerName: 3 });
}

test('a public address stands for itself without a look-up', async () => {
  const resolve = resolver(() => Promise.reject(new Error('was asked')));
  assert.deepEqual(await resolve('93.184.216.34'), [PUBLIC]);
  assert.deepEqual(await resolve('2606:4700::1111'), [{ address: '2606:4700::1111', family: 6 }]);
});

test('a private address is blocked without a look-up', async () => {
  const resolve = resolver(() => Promise.reject(new Error('was asked')));
  for (const host of ['10.0.0.1', '::1', 'fe80::1%eth0', '::ffff:10.0.0.1']) {
    await assert.rejects(resolve(host), { name: 'ConnectFailure', kind: 'blocked' }, host);
  }
});

test('all addresses of a name are given back in the order they came', async () => {
  const answer = [PUBLIC, { address: '2606:4700::1111', family: 6 }];
  assert.deepEqual(await resolver(async () => answer)('a.test'), answer);
});

test('one private address among public ones blocks the name, wherever it stands', async () => {
  const inside: Address = { address: '192.168.0.9', family: 4 };
  for (const answer of [
    [inside, PUBLIC],
    [PUBLIC, inside],
    [PUBLIC, { address: '::ffff:c0a8:9', family: 6 }],
  ]) {
    await assert.rejects(resolver(async () => answer)('a.test'), {
      kind: 'blocked',
      message: /^a\.test resolves to /,
    });
  }
});

test('no addresses and too many addresses are unreachable', async () => {
  await assert.rejects(resolver(async () => [])('a.test'), { kind: 'unreachable', message: /no address/ });
  const many = async () => [PUBLIC, PUBLIC, PUBLIC, PUBLIC];
  await assert.rejects(resolver(many)('a.test'), { kind: 'unreachable', message: /more than 3 addresses/ });
});

test('look-ups of one name at the same time are one look-up', async () => {
  const asked: string[] = [];
  const answer = Promise.withResolvers<Address[]>();
  const lookup = coalesceLookups((host) => {
    asked.push(host);
    return answer.promise;
  }, 50);
  const both = Promise.all([lookup('a.test'), lookup('a.test'), lookup('b.test')]);
  answer.resolve([PUBLIC]);
  assert.deepEqual(await both, [[PUBLIC], [PUBLIC], [PUBLIC]]);
  assert.deepEqual(asked, ['a.test', 'b.test']);
  await lookup('a.test');
  assert.deepEqual(asked, ['a.test', 'b.test', 'a.test']);
});

test('a name that did not resolve is not asked again at once, but later', async () => {
  let asked = 0;
  const lookup = coalesceLookups(async () => {
    asked += 1;
    throw new Error('no');
  }, 30);
  await assert.rejects(lookup('a.test'));
  await assert.rejects(lookup('a.test'));
  assert.equal(asked, 1);
  await new Promise((resolve) => setTimeout(resolve, 60));
  await assert.rejects(lookup('a.test'));
  assert.equal(asked, 2);
});
