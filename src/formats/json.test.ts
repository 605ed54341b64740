import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/properties.ts';
import { createFormats } from './create-formats.ts';
import { parseAtOnce } from './fixtures/parse-call.ts';

const json = (body: string): unknown => {
  const { format, value, error } = parseAtOnce({ type: 'application/json', body });
  assert.deepEqual([format, error], ['json', null]);
  return value;
};

test('an integer that no double holds becomes the string of its digits; nothing is lost silently', () => {
  assert.deepEqual(json('{"a":9007199254740991,"b":9007199254740992,"c":-12345678901234567890}'), {
    a: 9007199254740991,
    b: '9007199254740992',
    c: '-12345678901234567890',
  });
  assert.deepEqual(json('[1e400,-1E+999,1e21,0.1234567890123456789]'), [
    '1e400',
    '-1E+999',
    1e21,
    0.12345678901234568,
  ]);
  assert.equal(json('123456789012345678'), '123456789012345678');
  assert.deepEqual(json('{"id":"1234567890123456","n":5}'), { id: '1234567890123456', n: 5 });
});

test('long digits are found wherever they are', () => {
  for (let before = 0; before < 40; before += 1)
    assert.deepEqual(json(`["${'x'.repeat(before)}",9007199254740993]`), [
      'x'.repeat(before),
      '9007199254740993',
    ]);
});

test('of a repeated name the last counts, and __proto__ is a member like any other', () => {
  assert.deepEqual(json('{"a":1,"a":2}'), { a: 2 });
  const value = json(
    '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"n":9007199254740993}',
  );
  assert.deepEqual(Object.keys(value as object), ['__proto__', 'constructor', 'n']);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.equal(({} as { polluted?: number }).polluted, undefined);
});

test('nesting is bounded, and brackets in strings do not count', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  assert.equal(parseAtOnce({ type: 'application/json', body: nested(100) }).format, 'json');
  const deep = parseAtOnce({ type: 'application/json', body: nested(101) });
  assert.equal(deep.format, 'text');
  assert.match(deep.error!, /deeper than 100/);
  assert.equal(parseAtOnce({ body: nested(10_000) }).format, 'text');
  for (const text of ['['.repeat(500), `\\"${'{'.repeat(500)}`, `\\\\`, `${'\\'.repeat(200)}"[[`.repeat(60)])
    assert.deepEqual(json(JSON.stringify([text])), [text]);
});

test('the number of values is bounded, in a document and over lines', () => {
  const small = createFormats({ nodes: 10 });
  const parse = (type: string, body: string) =>
    small.parse({
      headers: [['Content-Type', type]],
      body: Buffer.from(body),
      contentType: null,
      payloadFrom: null,
    });
  assert.equal((parse('application/json', '[1,2,3,4,5,6,7,8,9]') as { format: string }).format, 'json');
  assert.match(
    (parse('application/json', '[1,2,3,4,5,6,7,8,9,0,1]') as { error: string }).error,
    /more than 10 values/,
  );
  assert.match(
    (parse('application/x-ndjson', '1\n'.repeat(11)) as { error: string }).error,
    /more than 10 values/,
  );
});

test('lines that are no JSON are named by their number', () => {
  assert.match(parseAtOnce({ type: 'application/x-ndjson', body: '{"a":1}\n{"a":\n' }).error!, /line 2/);
});

test('any JSON value within the limits comes out as JSON.parse has it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
      const text = JSON.stringify(value);
      const expected: unknown = JSON.parse(text, (_, one) =>
        Number.isInteger(one) && !Number.isSafeInteger(one) && /^-?\d+$/.test(JSON.stringify(one))
          ? JSON.stringify(one)
          : one,
      );
      assert.deepEqual(json(text), expected);
    }),
    { numRuns: 300 },
  );
});
