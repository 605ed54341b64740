import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../../core/problem.ts';
import { isAllowedByJid } from './allowed-by-jid.ts';
import { xmppSettings } from './settings.ts';

const SMALLEST = { jid: 'Hub@Example.org', password: 's3cret' };

test('an address and a password are enough: STARTTLS, the domain’s host, no rooms', () => {
  const { username, domain, tls, rooms, host } = xmppSettings(SMALLEST);
  assert.deepEqual(
    { username, domain, tls, rooms },
    { username: 'hub', domain: 'example.org', tls: 'starttls', rooms: [] },
  );
  assert.equal(host, undefined);
  assert.deepEqual(xmppSettings({ ...SMALLEST, rooms: [{ jid: 'Ops@rooms.example.org' }] }).rooms, [
    { jid: 'ops@rooms.example.org', nick: 'hub', password: undefined },
  ]);
});

test('what cannot work is refused, with its place', () => {
  for (const [input, place] of [
    [{ ...SMALLEST, jid: 'example.org' }, 'jid'],
    [{ ...SMALLEST, jid: "a'b@example.org" }, 'jid'],
    [{ ...SMALLEST, jid: 'hub@example.org/home' }, 'jid'],
    [{ ...SMALLEST, port: 5222 }, 'host'],
    [{ ...SMALLEST, tls: 'none', tlsCa: 'PEM' }, 'tls'],
    [{ ...SMALLEST, rooms: [{ jid: 'ops' }] }, 'rooms.0.jid'],
    [{ ...SMALLEST, allow: ['a b'] }, 'allow.0'],
    [{ jid: SMALLEST.jid }, 'password'],
  ] as const)
    assert.throws(
      () => xmppSettings(input),
      (error) => error instanceof Problem && error.message.startsWith(`input.${place}: `),
      place,
    );
});

test('addresses, domains and rooms allow; an empty list allows everybody', () => {
  const ann = { from: 'Ann@Example.org/phone', real: null };
  for (const allow of [
    [],
    ['ann@example.org'],
    ['EXAMPLE.org'],
    ['ann@example.org/phone'],
    ['x.org', 'example.org'],
  ])
    assert.ok(isAllowedByJid(allow, ann), allow.join());
  for (const allow of [['bob@example.org'], ['ample.org'], ['ann@example.org/desk'], ['ann']])
    assert.ok(!isAllowedByJid(allow, ann), allow.join());
  const occupant = { from: 'ops@rooms.example.org/ann@evil', real: 'bob@example.org/desk' };
  for (const allow of [['bob@example.org'], ['ops@rooms.example.org'], ['ops@rooms.example.org/ann@evil']])
    assert.ok(isAllowedByJid(allow, occupant), allow.join());
  for (const allow of [['evil'], ['ann@evil'], ['ops@rooms.example.org/bob']])
    assert.ok(!isAllowedByJid(allow, occupant), allow.join());
});
