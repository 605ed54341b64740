import assert from 'node:assert/strict';
import test from 'node:test';
import { HEADERS_MAX } from '../core/event/limits.ts';
import { checkHeaders, patchHeaders, renderHeaders } from './custom-headers.ts';

const LOC = ['body', 'headers'];

test('headers keep the case and order they were given in', () => {
  assert.deepEqual(checkHeaders({ 'x-Tenant': '7', Accept: '*/*' }, LOC), [
    ['x-Tenant', '7'],
    ['Accept', '*/*'],
  ]);
});

test('names of the delivery itself, broken names and broken values are refused', () => {
  for (const name of [
    'User-Agent',
    'content-type',
    'Webhook-Id',
    'Svix-Signature',
    'X-Amz-Date',
    'a b',
    '',
  ]) {
    assert.throws(() => checkHeaders({ [name]: 'v' }, LOC), { code: 'validation' }, name);
  }
  for (const value of ['a\r\nX-Evil: 1', 'x'.repeat(4097), '☃']) {
    assert.throws(() => checkHeaders({ 'X-Fine': value }, LOC), { code: 'validation' });
  }
});

test('the same name twice in different case is refused, and so are too many headers', () => {
  assert.throws(() => checkHeaders({ 'X-A': '1', 'x-a': '2' }, LOC), /twice/);
  const many = Object.fromEntries(Array.from({ length: HEADERS_MAX + 1 }, (_, i) => [`X-${i}`, '1']));
  assert.throws(() => checkHeaders(many, LOC), /too many/);
});

test('a patch sets, replaces and deletes whatever the case of the name', () => {
  const current = [
    ['X-One', '1'],
    ['X-Two', '2'],
    ['X-Three', '3'],
  ] as const;
  const patch = {
    headers: { 'x-one': 'uno', 'X-FOUR': '4', 'x-two': null },
    deleteHeaders: ['x-three', 'X-None'],
  };
  assert.deepEqual(patchHeaders(current, patch, LOC), [
    ['x-one', 'uno'],
    ['X-FOUR', '4'],
  ]);
});

test('values of sensitive headers are not shown', () => {
  const shown = renderHeaders([
    ['Authorization', 'Bearer secret'],
    ['X-API-Key', 'secret'],
    ['X-Plain', 'yes'],
  ]);
  assert.deepEqual(shown, { headers: { 'X-Plain': 'yes' }, sensitive: ['Authorization', 'X-API-Key'] });
});
