import assert from 'node:assert/strict';
import { test } from 'node:test';
import Type from 'typebox';
import { Problem } from '../core/problem.ts';
import { shapeCheck } from './check-shape.ts';

const STRICT = { additionalProperties: false };
const KINDS = ['aa', 'bb', 'cc', 'dd', 'ee', 'ff', 'gg', 'hh', 'ii', 'jj'] as const;
const check = shapeCheck(
  Type.Object(
    {
      name: Type.String(),
      kind: Type.Optional(Type.Union(KINDS.map((kind) => Type.Literal(kind)))),
      window: Type.Optional(Type.Union([Type.Object({ seconds: Type.Integer() }), Type.Null()])),
      answer: Type.Optional(
        Type.Union([
          Type.Object({ kind: Type.Literal('ack') }, STRICT),
          Type.Object(
            {
              kind: Type.Union([Type.Literal('static'), Type.Literal('template')]),
              status: Type.Optional(Type.Union([Type.Integer({ minimum: 200 }), Type.String()])),
            },
            STRICT,
          ),
          Type.Object({ kind: Type.Literal('login'), user: Type.String(), password: Type.String() }, STRICT),
        ]),
      ),
    },
    STRICT,
  ),
  'body',
);

function told(value: unknown): string[] {
  try {
    check(value);
  } catch (error) {
    assert.ok(error instanceof Problem && error.code === 'validation');
    return error.errors.map(({ loc, msg }) => `${loc.slice(1).join('.')}: ${msg}`);
  }
  return [];
}

test('a member that a strict shape does not know is named with what was meant', () => {
  assert.deepEqual(told({ nam: 'x' }), [
    'nam: There is no member "nam"; did you mean "name"?',
    'name: This field is required.',
  ]);
  assert.deepEqual(told({ name: 'x', colour: 1 }), [
    'colour: There is no member "colour"; use one of name, kind, window, answer.',
  ]);
  assert.deepEqual(told({ name: 'x', answer: { kind: 'static', staus: 200 } }), [
    'answer.staus: There is no member "staus"; did you mean "status"?',
  ]);
});

test('every value that is allowed is named, however many they are', () => {
  assert.deepEqual(told({ name: 'x', kind: 'zz' }), [
    `kind: Must be one of: ${KINDS.map((kind) => `"${kind}"`).join(', ')}.`,
  ]);
});

test('of a union only the branch that was meant is spoken of', () => {
  assert.deepEqual(told({ name: 'x', answer: { kind: 'static', status: 99 } }), [
    'answer.status: Must be >= 200.',
  ]);
  assert.deepEqual(told({ name: 'x', answer: { kind: 'login', user: 'ann' } }), [
    'answer.password: This field is required.',
  ]);
  assert.deepEqual(told({ name: 'x', window: { seconds: '60' } }), ['window.seconds: Must be integer.']);
});

test('a value that was meant for no branch is told which there are', () => {
  assert.deepEqual(told({ name: 'x', answer: { kind: 'tmpl', status: 99 } }), [
    'answer.kind: Must be one of: "ack", "static", "template", "login".',
  ]);
  assert.deepEqual(told({ name: 'x', answer: 'ack' }), ['answer: Must be object.']);
});
