import assert from 'node:assert/strict';
import test from 'node:test';
import { Problem } from '../problem.ts';
import { eventTypesFromOpenApi, SCHEMA_NODES_MAX, WEBHOOKS_MAX } from './openapi-webhooks.ts';

const webhook = (schema: unknown, extra: object = {}) => ({
  post: {
    description: 'It happened',
    requestBody: { content: { 'application/json': { schema } } },
    ...extra,
  },
});
const refusal = (words: RegExp) => (error: unknown) =>
  error instanceof Problem && error.code === 'validation' && words.test(error.message);

test('each webhook becomes an event type named after it', () => {
  const types = eventTypesFromOpenApi({
    openapi: '3.1.0',
    webhooks: {
      'pet.new': webhook(
        { type: 'object' },
        { deprecated: true, 'x-svix-feature-flags': ['beta'], 'x-svix-group-name': 'pet' },
      ),
    },
    'x-webhooks': { 'pet.gone': { summary: 'A pet left', post: {} } },
  });
  assert.deepEqual(types, [
    {
      name: 'pet.gone',
      description: 'A pet left',
      deprecated: false,
      featureFlags: undefined,
      groupName: undefined,
      schemas: null,
    },
    {
      name: 'pet.new',
      description: 'It happened',
      deprecated: true,
      featureFlags: ['beta'],
      groupName: 'pet',
      schemas: { '1': { type: 'object' } },
    },
  ]);
});

test('a referenced schema stands alone, and its recursion stays', () => {
  const [type] = eventTypesFromOpenApi({
    webhooks: { tree: webhook({ $ref: '#/components/schemas/Tree' }) },
    components: {
      schemas: {
        Tree: {
          type: 'object',
          properties: {
            example: { $ref: '#/components/schemas/Leaf' },
            kids: { type: 'array', items: { $ref: '#/components/schemas/Tree' } },
          },
        },
        Leaf: { type: 'string', example: { $ref: 'only text here' } },
      },
    },
  });
  const properties = {
    example: { $ref: '#/$defs/Leaf' },
    kids: { type: 'array', items: { $ref: '#/$defs/Tree' } },
  };
  assert.deepEqual(type?.schemas?.['1'], {
    type: 'object',
    properties,
    $defs: {
      Leaf: { type: 'string', example: { $ref: 'only text here' } },
      Tree: { type: 'object', properties },
    },
  });
});

test('path items and request bodies may be references, and examples come along', () => {
  const [type] = eventTypesFromOpenApi({
    webhooks: { a: { $ref: '#/components/pathItems/A' } },
    components: {
      pathItems: { A: { post: { requestBody: { $ref: '#/components/requestBodies/B' } } } },
      requestBodies: {
        B: {
          content: {
            'application/vnd.x+json': { schema: { type: 'object' }, examples: { one: { value: { id: 1 } } } },
          },
        },
      },
    },
  });
  assert.deepEqual(type?.schemas?.['1'], { type: 'object', examples: [{ id: 1 }] });
});

test('documents that cannot be imported whole are refused and say what to do', () => {
  const cases: [unknown, RegExp][] = [
    [[], /one OpenAPI document/],
    [{ openapi: '3.1.0', paths: {} }, /defines no webhooks/],
    [{ webhooks: [] }, /must be an object/],
    [{ webhooks: { 'no good/name': webhook({}) } }, /Rename \["no good\/name"\]/],
    [{ webhooks: { a: {} } }, /has no operation/],
    [{ webhooks: { a: webhook({ $ref: '#/components/schemas/Gone' }) } }, /does not define/],
    [{ webhooks: { a: webhook({ items: { $ref: 'other.yaml#/X' } }) } }, /bundle/],
    [{ webhooks: { a: webhook({ $ref: '#/x' }) }, x: { $ref: '#/x' } }, /only refers to itself/],
    [{ webhooks: { a: { $ref: '#/x' } }, x: { $ref: '#/x' } }, /never ends/],
    [
      { webhooks: Object.fromEntries(Array.from({ length: WEBHOOKS_MAX + 1 }, (_, i) => [`t${i}`, {}])) },
      /at most 1000/,
    ],
  ];
  for (const [document, words] of cases) assert.throws(() => eventTypesFromOpenApi(document), refusal(words));
});

test('shared parts that would multiply without end are stopped', () => {
  let bomb: unknown = { type: 'string' };
  for (let i = 0; i < 40; i++) bomb = { anyOf: [bomb, bomb] };
  assert.throws(() => eventTypesFromOpenApi({ webhooks: { a: webhook(bomb) } }), refusal(/too large/));
  assert.ok(2 ** 40 > SCHEMA_NODES_MAX);
});
