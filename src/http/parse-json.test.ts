import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../core/problem.ts';
import { JSON_DEPTH_MAX, parseJson } from './parse-json.ts';

function refusal(body: string | Buffer): Problem {
  try {
    parseJson(Buffer.from(body));
  } catch (error) {
    assert.ok(error instanceof Problem);
    assert.equal(error.errors[0]?.type, 'value_error.jsondecode');
    return error;
  }
  return assert.fail('It was taken.');
}

test('JSON is read, and no body at all is an object without members', () => {
  assert.deepEqual(parseJson(Buffer.from('{"a":[1,"}"]}')), { a: [1, '}'] });
  assert.deepEqual(parseJson(Buffer.alloc(0)), {});
});

test('malformed JSON is refused with its place where known, never with its text', () => {
  assert.match(refusal('{"a": 1,}').message, /at position 8/);
  assert.doesNotMatch(refusal('{"secret": whsec_abc}').message, /whsec/);
});

test('bytes that are no UTF-8 are refused', () => {
  assert.match(refusal(Buffer.from([0x22, 0xff, 0x22])).message, /UTF-8/);
});

test('nesting is bounded, brackets in strings do not count', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  assert.ok(parseJson(Buffer.from(nested(JSON_DEPTH_MAX))));
  assert.match(refusal(nested(JSON_DEPTH_MAX + 1)).message, /nested/);
  assert.equal(parseJson(Buffer.from(JSON.stringify('\\"[['.repeat(200)))), '\\"[['.repeat(200));
});
