import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeRefusal, makeGuard } from './guard.ts';

const closed = makeGuard([]);

const REFUSED: readonly (readonly [address: string, reason: RegExp])[] = [
  ['127.0.0.1', /loopback/],
  ['127.255.255.254', /loopback/],
  ['0.0.0.0', /unspecified/],
  ['0.1.2.3', /this network/],
  ['10.0.0.1', /private/],
  ['172.16.0.1', /private/],
  ['172.31.255.255', /private/],
  ['192.168.1.1', /private/],
  ['169.254.1.1', /link-local/],
  ['169.254.169.254', /metadata/],
  ['100.64.0.1', /carrier-grade NAT/],
  ['100.127.255.255', /carrier-grade NAT/],
  ['192.0.0.8', /IETF/],
  ['192.0.2.1', /documentation/],
  ['198.51.100.7', /documentation/],
  ['203.0.113.9', /documentation/],
  ['198.18.0.1', /benchmarking/],
  ['198.19.255.255', /benchmarking/],
  ['224.0.0.1', /multicast/],
  ['239.255.255.250', /multicast/],
  ['240.0.0.1', /reserved/],
  ['255.255.255.255', /broadcast/],
  ['::1', /loopback/],
  ['0:0:0:0:0:0:0:1', /loopback/],
  ['::', /unspecified/],
  ['::ffff:127.0.0.1', /IPv4-mapped address of 127\.0\.0\.1, a loopback/],
  ['::ffff:7f00:1', /IPv4-mapped/],
  ['::ffff:8.8.8.8', /IPv4-mapped address of 8\.8\.8\.8$/],
  ['::127.0.0.1', /IPv4-compatible address of 127\.0\.0\.1/],
  ['64:ff9b::10.0.0.5', /NAT64 address of 10\.0\.0\.5, a private/],
  ['64:ff9b:1::1', /local NAT64/],
  ['2002:7f00:1::', /6to4 address of 127\.0\.0\.1/],
  ['2001:0:4136:e378:8000:63bf:3fff:fdd2', /Teredo/],
  ['100::1', /discard/],
  ['2001:db8::1', /documentation/],
  ['fc00::1', /unique local/],
  ['fd12:3456::1', /unique local/],
  ['fd00:ec2::254', /metadata/],
  ['fe80::1', /link-local/],
  ['fe80::1%eth0', /link-local/],
  ['[::1]', /loopback/],
  ['fec0::1', /site-local/],
  ['ff02::1', /multicast/],
  ['4000::1', /reserved/],
  ['localhost', /not an IP address/],
];

for (const [address, reason] of REFUSED) {
  test(`${address} is refused with its reason`, () => {
    assert.match(closed.check(address)?.reason ?? 'allowed', reason);
  });
}

test('public addresses are let through', () => {
  const addresses = [
    '8.8.8.8',
    '100.63.255.255',
    '100.128.0.0',
    '172.32.0.1',
    '198.20.0.1',
    '192.0.1.1',
    '223.255.255.255',
  ];
  for (const address of [...addresses, '2606:4700::1111', '2a00:1450:4001:80e::200e']) {
    assert.equal(closed.check(address), null, address);
  }
});

test('every notation of 127.0.0.1 that a URL can hold is refused', () => {
  const hosts = [
    '2130706433',
    '0x7f.1',
    '0x7f000001',
    '0177.0.0.1',
    '127.1',
    '127.0.0.1.',
    '１２７.0.0.1',
    '[::ffff:127.0.0.1]',
  ];
  for (const host of hosts) {
    const refusal = closed.check(new URL(`http://${host}/`).hostname);
    assert.match(refusal?.reason ?? 'allowed', /loopback/, host);
    assert.equal(refusal?.cidr, '127.0.0.1/32', host);
  }
});

test('a subnet opens a hole of exactly its size', () => {
  const guard = makeGuard(['10.1.0.0/16', '127.0.0.1', 'fd12::/32']);
  assert.equal(guard.check('10.1.255.1'), null);
  assert.equal(guard.check('127.0.0.1'), null);
  assert.equal(guard.check('fd12:0:1::1'), null);
  assert.notEqual(guard.check('10.2.0.1'), null);
  assert.notEqual(guard.check('127.0.0.2'), null);
  assert.notEqual(guard.check('fd13::1'), null);
  assert.notEqual(guard.check('::1'), null);
});

test('a hole for an IPv4 address opens the IPv6 addresses that stand for it', () => {
  const guard = makeGuard(['127.0.0.1/32']);
  for (const address of ['::ffff:127.0.0.1', '::127.0.0.1', '64:ff9b::127.0.0.1', '2002:7f00:1::']) {
    assert.equal(guard.check(address), null, address);
  }
});

test('a hole for the NAT64 prefix does not open private IPv4 addresses behind it', () => {
  const guard = makeGuard(['64:ff9b::/96']);
  assert.equal(guard.check('64:ff9b::8.8.8.8'), null);
  assert.equal(guard.check('64:ff9b::169.254.169.254')?.cidr, '169.254.169.254/32');
});

test('a refusal names the setting and the subnet that would open it', () => {
  const refusal = closed.check('127.0.0.1');
  assert.ok(refusal);
  const text = '127.0.0.1 is a loopback address; to allow it, add 127.0.0.1/32 to POSTHORN_ALLOW_SUBNETS';
  assert.equal(describeRefusal(refusal), text);
  assert.equal(
    describeRefusal(refusal, 'db.test'),
    'db.test resolves to a loopback address; to allow it, add its network to POSTHORN_ALLOW_SUBNETS',
  );
  assert.equal(closed.check('fd12:0:0::1')?.cidr, 'fd12::1/128');
});

test('adding the named subnet opens each refused address', () => {
  for (const [address] of REFUSED.filter(([text]) => text !== 'localhost')) {
    const cidr = closed.check(address)?.cidr ?? '';
    assert.equal(makeGuard([cidr]).check(address), null, `${address} by ${cidr}`);
  }
});

test('what is not a subnet is refused with a sentence', () => {
  for (const subnet of [
    '',
    'localhost',
    '10.0.0.0/33',
    'fd00::/129',
    '10.0.0.0/x',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
  ]) {
    assert.throws(
      () => makeGuard([subnet]),
      { name: 'Problem', message: /^POSTHORN_ALLOW_SUBNETS: .* is not a subnet; write it as/ },
      subnet,
    );
  }
});

test('the sentence about a name tells no address of the network behind it', () => {
  const guard = makeGuard([]);
  for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '64:ff9b::10.1.2.3', 'fd12::9'])
    assert.doesNotMatch(describeRefusal(guard.check(address)!, 'intranet.test'), /10\.|fd12/, address);
});
