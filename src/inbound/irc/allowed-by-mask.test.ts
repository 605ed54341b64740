import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAllowedByMask } from './allowed-by-mask.ts';

const ANN = { nick: 'Ann[1]', user: '~ann', host: 'vpn.example.org', account: 'ann' };

test('nicks, masks and accounts allow; an empty list allows everybody', () => {
  for (const allow of [
    [],
    ['ann{1}'],
    ['*@*.example.org'],
    ['Ann*!~ann@vpn.*'],
    ['account:Ann'],
    ['bob', 'ann*'],
  ])
    assert.ok(isAllowedByMask(allow, ANN), allow.join());
  for (const allow of [['ann'], ['*@example.org'], ['bob!*@*'], ['account:bob'], ['*@vpn.example.org.evil']])
    assert.ok(!isAllowedByMask(allow, ANN), allow.join());
});

test('a nick that looks like an account is none', () => {
  assert.ok(!isAllowedByMask(['account:ann'], { ...ANN, nick: 'account:ann', account: null }));
});
