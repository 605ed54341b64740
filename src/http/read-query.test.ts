import assert from 'node:assert/strict';
import { test } from 'node:test';
import Type from 'typebox';
import { Problem } from '../core/problem.ts';
import { shapeCheck } from './check-shape.ts';
import { queryReader } from './read-query.ts';

const shape = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 250 })),
  with_content: Type.Optional(Type.Boolean()),
  event_types: Type.Optional(Type.Array(Type.String())),
  status: Type.Optional(Type.Union([Type.Literal(0), Type.Literal(2)])),
  order: Type.Optional(Type.Union([Type.Literal('ascending'), Type.Literal('descending')])),
  channel: Type.Optional(Type.Union([Type.String(), Type.Null()])),
});
const read = queryReader(shape);

test('texts become what the shape expects, and members it does not name are ignored', () => {
  const query = {
    limit: '7',
    with_content: 'true',
    status: '2',
    order: 'descending',
    channel: '12',
    other: 'x',
  };
  assert.deepEqual(read(query), {
    limit: 7,
    with_content: true,
    status: 2,
    order: 'descending',
    channel: '12',
  });
});

test('lists may be repeated, comma-separated or bracketed', () => {
  assert.deepEqual(read({ event_types: 'a,b' }), { event_types: ['a', 'b'] });
  assert.deepEqual(read({ event_types: ['a', 'b,c'] }), { event_types: ['a', 'b', 'c'] });
  assert.deepEqual(read({ 'event_types[]': ['a', 'b'] }), { event_types: ['a', 'b'] });
});

test('a value that cannot be read as its type is malformed (400)', () => {
  for (const query of [
    { limit: 'many' },
    { limit: '' },
    { with_content: 'yes' },
    { order: 'up' },
    { status: '9' },
  ]) {
    assert.throws(
      () => read(query),
      (error) => error instanceof Problem && error.status === 400,
      JSON.stringify(query),
    );
  }
});

test('a value that breaks a constraint is invalid (422) and named', () => {
  const check = shapeCheck(shape, 'query');
  assert.throws(
    () => check(read({ limit: '251' })),
    (error) =>
      error instanceof Problem && error.status === 422 && error.errors[0]?.loc.join('.') === 'query.limit',
  );
  check(read({ limit: '250' }));
});
