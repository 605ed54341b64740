import assert from 'node:assert/strict';
import { test } from 'node:test';
import Type from 'typebox';
import { type FieldError, Problem } from '../core/problem.ts';
import { shapeCheck } from './check-shape.ts';
import { FIELD_ERRORS_MAX } from './field-errors.ts';

const check = shapeCheck(
  Type.Object({
    name: Type.String({ minLength: 1 }),
    uid: Type.Optional(Type.Union([Type.String({ pattern: '^[a-z]+$' }), Type.Null()])),
    kind: Type.Optional(Type.Union([Type.Literal('a'), Type.Literal('b')])),
    channels: Type.Optional(Type.Array(Type.String())),
  }),
  'body',
);

function errorsOf(value: unknown): readonly FieldError[] {
  try {
    check(value);
  } catch (error) {
    assert.ok(error instanceof Problem && error.code === 'validation');
    return error.errors;
  }
  return [];
}

test('a value that fits passes, with members that the shape does not name', () => {
  assert.deepEqual(errorsOf({ name: 'x', uid: null, unknown: 1 }), []);
});

test('a missing member is named itself', () => {
  assert.deepEqual(errorsOf({}), [
    { loc: ['body', 'name'], msg: 'This field is required.', type: 'value_error.jsondecode' },
  ]);
});

test('of a union’s complaints the one that a person can act on is kept', () => {
  assert.deepEqual(errorsOf({ name: 'x', uid: 'ABC' }), [
    { loc: ['body', 'uid'], msg: 'Must match the pattern ^[a-z]+$', type: 'value_error' },
  ]);
  assert.deepEqual(errorsOf({ name: 'x', kind: 'c' })[0]?.msg, 'Must be one of: "a", "b".');
});

test('a wrong type is a decoding error, with the position in a list', () => {
  assert.deepEqual(errorsOf({ name: 'x', channels: ['a', 7] }), [
    { loc: ['body', 'channels', 1], msg: 'Must be string.', type: 'value_error.jsondecode' },
  ]);
});

test('a body full of mistakes is answered with a bounded list', () => {
  const channels = Array.from({ length: 500 }, () => 7);
  assert.ok(errorsOf({ name: 'x', channels }).length <= FIELD_ERRORS_MAX);
});

test('hundreds of thousands of repeated items are refused without comparing them all', () => {
  const checkUnique = shapeCheck(
    Type.Object({
      types: Type.Optional(
        Type.Union([Type.Array(Type.String(), { maxItems: 3, uniqueItems: true }), Type.Null()]),
      ),
    }),
    'body',
  );
  const refused = (types: unknown) => (error: unknown) =>
    error instanceof Problem && (error.errors[0]?.msg ?? '').includes(types as string);
  // With the square of their number this would take minutes, and the test run would say so.
  assert.throws(() => checkUnique({ types: new Array(400_000).fill(7) }), refused('string'));
  assert.throws(() => checkUnique({ types: new Array(400_000).fill('a') }), refused('3 items'));
  assert.throws(() => checkUnique({ types: ['a', 'b', 'a'] }), refused('duplicate'));
  checkUnique({ types: ['a', 'b', 'c'] });
});
