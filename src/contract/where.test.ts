import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../core/problem.ts';
import type { PathCondition } from '../core/search/filter.ts';
import { parseColumn, parseCondition } from './where.ts';

const LOC = ['query', 'where', 0];

const READ: readonly [string, PathCondition][] = [
  ['body.customer.id=42', { path: ['body', 'customer', 'id'], op: '=', value: 42 }],
  ['body.customer.id="42"', { path: ['body', 'customer', 'id'], op: '=', value: '42' }],
  ['body.amount >= 100', { path: ['body', 'amount'], op: '>=', value: 100 }],
  ['body.amount<=-1.5e3', { path: ['body', 'amount'], op: '<=', value: -1500 }],
  ['body.n>0', { path: ['body', 'n'], op: '>', value: 0 }],
  ['body.n<1', { path: ['body', 'n'], op: '<', value: 1 }],
  ['body.items[].sku~abc', { path: ['body', 'items', null, 'sku'], op: 'contains', value: 'abc' }],
  ['body.items[0].sku~42', { path: ['body', 'items', 0, 'sku'], op: 'contains', value: '42' }],
  ['body.name^=Mar', { path: ['body', 'name'], op: 'startsWith', value: 'Mar' }],
  ['body.error exists', { path: ['body', 'error'], op: 'exists', value: null }],
  ['body.paid=true', { path: ['body', 'paid'], op: '=', value: true }],
  ['body.paid!=null', { path: ['body', 'paid'], op: '!=', value: null }],
  ['body.code=007', { path: ['body', 'code'], op: '=', value: '007' }],
  ['body.id=9007199254740991', { path: ['body', 'id'], op: '=', value: 9007199254740991 }],
  ['body.id=1234567890123456789', { path: ['body', 'id'], op: '=', value: '1234567890123456789' }],
  ['body.n<1e999', { path: ['body', 'n'], op: '<', value: '1e999' }],
  ['body.text=a, b = c', { path: ['body', 'text'], op: '=', value: 'a, b = c' }],
  ['body.text=', { path: ['body', 'text'], op: '=', value: '' }],
  ['headers.X-GitHub-Event=push', { path: ['headers', 'x-github-event'], op: '=', value: 'push' }],
  ['body["a=b"].c=1', { path: ['body', 'a=b', 'c'], op: '=', value: 1 }],
  ['body["a\\"b"] exists', { path: ['body', 'a"b'], op: 'exists', value: null }],
  ['type=order.paid', { path: ['type'], op: '=', value: 'order.paid' }],
];

for (const [text, condition] of READ)
  test(`the condition ${text} is read`, () => assert.deepEqual(parseCondition(text, LOC), condition));

const REFUSED: readonly [string, RegExp][] = [
  ['body.amount', /has no operator: write a path, one of = !=/],
  ['', /has no operator/],
  ['=5', /is no path: write it like/],
  ['body..a=1', /is no path/],
  ['amount=5', /not with "amount": body\.amount/],
  ['body.paid>true', /compares with a number or a text, not with true/],
];

for (const [text, message] of REFUSED)
  test(`the condition ${JSON.stringify(text)} is refused with what to write`, () => {
    assert.throws(
      () => parseCondition(text, LOC),
      (thrown: unknown) => {
        assert.ok(thrown instanceof Problem);
        assert.match(thrown.message, message);
        assert.deepEqual(thrown.errors[0]?.loc, LOC);
        return true;
      },
    );
  });

test('a column is a path into the event, or one of what is told beside it', () => {
  assert.deepEqual(parseColumn('body.items[].sku', LOC), ['body', 'items', null, 'sku']);
  assert.deepEqual(parseColumn('contentState', LOC), ['contentState']);
  assert.throws(() => parseColumn('nothing', LOC), /A path begins with a member of the event/);
});
