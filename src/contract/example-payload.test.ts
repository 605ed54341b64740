import assert from 'node:assert/strict';
import test from 'node:test';
import { examplePayload } from './example-payload.ts';

const of = (schema: object) => examplePayload({ '1': schema });

test('an example that the schema names is taken, by its place in the list', () => {
  const schema = { examples: [{ n: 1 }, { n: 2 }], type: 'object' };
  assert.deepEqual(of(schema), { n: 1 });
  assert.deepEqual(examplePayload({ '1': schema }, 1), { n: 2 });
  assert.deepEqual(examplePayload({ '1': schema }, 9), { n: 1 });
});

test('the newest version counts', () => {
  assert.deepEqual(examplePayload({ '2': { example: { v: 2 } }, '10': { example: { v: 10 } } }), { v: 10 });
});

test('without an example, plausible values are made by type', () => {
  const schema = {
    type: 'object',
    properties: {
      id: { type: 'string', format: 'uuid' },
      name: { type: 'string', minLength: 8, maxLength: 8 },
      age: { type: 'integer', minimum: 18 },
      rate: { type: ['null', 'number'] },
      ok: { type: 'boolean' },
      plan: { enum: ['gold', 'silver'] },
      kind: { const: 'user' },
      tags: { type: 'array', items: { type: 'string', examples: ['new'] } },
      address: { $ref: '#/$defs/address' },
      either: { oneOf: [{ type: 'boolean' }, { type: 'string' }] },
      both: { allOf: [{ properties: { a: { default: 1 } } }, { properties: { b: { example: 2 } } }] },
    },
    $defs: { address: { type: 'object', properties: { city: { example: 'Oslo' } } } },
  };
  assert.deepEqual(of(schema), {
    id: '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
    name: 'stringxx',
    age: 18,
    rate: 1,
    ok: true,
    plan: 'gold',
    kind: 'user',
    tags: ['new'],
    address: { city: 'Oslo' },
    either: true,
    both: { a: 1, b: 2 },
  });
});

test('no schema, or none of use, still gives an object', () => {
  assert.deepEqual(examplePayload(null), { success: true });
  assert.deepEqual(examplePayload({ latest: {} }), { success: true });
  assert.deepEqual(of({ type: 'string' }), { value: 'string' });
});

test('a schema that refers to itself or branches without end comes to an end', () => {
  const wide = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`p${i}`, { $ref: '#' }]));
  const text = JSON.stringify(of({ type: 'object', properties: wide }));
  assert.ok(text.length < 200_000);
  assert.deepEqual(of({ $ref: '#' }), { value: null });
  assert.deepEqual(of({ properties: { far: { $ref: 'https://example.com/x' } } }), { far: null });
});
