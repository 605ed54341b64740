/** Strangers write the documents, users the expressions: neither may hold the thread, fill the memory or crash. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expressionScope } from '../../test/support/expression-scope.ts';
import { fc } from '../../test/support/properties.ts';
import { Problem } from '../core/problem.ts';
import { Budget } from './budget.ts';
import { createExpressions } from './create-expressions.ts';
import { createEngine } from './engine.ts';

/** Units stand for about 200 ms; a machine under load gets room. */
const SLOW_MS = 20_000;
const expressions = createExpressions();
const many = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

const TEXT = 'abcdefghij'.repeat(100_000);
const BODY = {
  million: many(1_000_000),
  most: many(100_000),
  thousand: many(1_000),
  three: many(300),
  words: many(20_000).map((at) => `word ${at}`),
  map: Object.fromEntries(many(20_000).map((at) => [`key ${at}`, at])),
};

function evaluated(text: string, scope = expressionScope(BODY, { raw: TEXT })) {
  const expression = expressions.compile(text);
  const begun = process.hrtime.bigint();
  const result = expression.evaluate(scope);
  const took = Number(process.hrtime.bigint() - begun) / 1e6;
  assert.ok(took < SLOW_MS, `${text} took ${took} ms`);
  return result;
}
function stopped(
  text: string,
  detail = /does too much work/,
  scope?: ReturnType<typeof expressionScope>,
): void {
  const result = evaluated(text, scope);
  assert.ok(!result.ok, `${text} was allowed`);
  assert.match(result.detail, detail, text);
}

test('a loop ends in time, however long its list', () => {
  assert.deepEqual(evaluated('body.most.all(x, x >= 0 && x < 100000)'), { ok: true, value: true });
  assert.deepEqual(evaluated('body.three.all(x, body.three.all(y, x + y >= 0))'), { ok: true, value: true });
  stopped('body.million.all(x, x >= 0)', /more than 100000 items/);
  stopped('body.thousand.all(x, body.thousand.all(y, x + y >= 0))');
  stopped('body.most.all(x, x.missing > 1)');
  stopped('body.most.exists(x, x.missing > 1 || x.missing > 2)');
});

test('what is long in a loop is paid for each time', () => {
  for (const long of [
    ...[
      'raw.contains("zzz")',
      'raw.upper() == ""',
      'raw == raw + "a"',
      'raw.re("zzz")',
      'hash("md5", raw, "hex") == ""',
    ],
    ...[
      'size(raw) == 1',
      'raw.split("").size() == 1',
      'x in body.most',
      '("word " + string(x)) in body.words',
    ],
    ...[
      'body.map == parseJson("{}")',
      'size(body.map) == 1',
      'json(body.words) == ""',
      'urlEncode(raw) == ""',
    ],
    ...[
      'now.getHours("Asia/Tokyo") == 1',
      'formatTime(now, "Asia/Tokyo") == ""',
      're("x", "a{900}" + string(x))',
    ],
    'reReplace(raw, "b", "") == ""',
  ])
    stopped(`body.words.map(w, 1.0).map(x, ${long})`);
});

test('texts and lists do not grow without end', () => {
  stopped(Array(20).fill('raw').join(' + '), /text of more than|too much work/);
  stopped('raw.replace("a", raw)', /text of more than/);
  stopped('reReplace(raw.substring(0, 2000), "[a-z]", raw)', /text of more than/);
  stopped(`[${Array(20).fill('raw').join(', ')}].join("")`, /larger than|text of more than/);
  stopped('body.most + body.most', /more than 100000 items/);
  stopped('parseJson(raw)', /nested at most 64/, expressionScope(null, { raw: '['.repeat(65) }));
  let doubling = 'a9';
  for (let at = 9; at > 0; at--)
    doubling = `cel.bind(a${at}, [${Array(9).fill(at === 1 ? 'raw' : `a${at - 1}`)}], ${doubling})`;
  stopped(doubling, /larger than/);
  stopped(`json(${doubling})`);
  stopped(`${doubling} == ${doubling}`);
  const template = expressions.template('{{ raw }}{{ raw }}');
  const result = template.evaluate(expressionScope(null, { raw: TEXT }));
  assert.ok(!result.ok && /more than 1048576/.test(result.detail));
});

test('a regular expression takes time by the length of the text alone', () => {
  assert.deepEqual(evaluated('re(raw, "^(a+)+$") || re(raw, "(.*)(.*)(.*)(.*)[^a-z]$")'), {
    ok: true,
    value: false,
  });
  stopped('re(raw, "[a-j]{500}[^a-j](?:[a-j]{400}k)?")');
  stopped('reReplace(raw, "a.*?z|[a-z]", "")');
});

test('limits are not swallowed by what swallows errors', () => {
  for (const around of ['$ || true', '$ && false', 'default($, true)', '[1].exists(z, $)'])
    stopped(around.replace('$', 'body.million.all(x, x >= 0)'), /more than 100000 items/);
});

test('the library keeps nothing of the documents it sees', () => {
  // Types of nested values would be made and kept for ever: the words of a failure show which were made.
  const result = evaluated('body.a + 1', expressionScope({ a: { b: [{ c: [1] }] } }));
  assert.deepEqual(result, { ok: false, detail: 'no such overload: dyn<map<dyn, dyn>> + int' });
  const env = createEngine(new Budget(), () => undefined);
  assert.equal(env.check('[[1]]').type, 'list');
  assert.equal(env.check('{"a": {"b": 1}}').type, 'map');
});

test('the type of a list is told without a look inside', () => {
  let looks = 0;
  const list = Object.defineProperty([0], 0, { get: () => ++looks });
  const scope = expressionScope({ list }, { raw: '' });
  const size = expressions.compile('size(body.list)');
  size.evaluate(scope);
  const before = looks;
  assert.deepEqual(size.evaluate(scope), { ok: true, value: 1 });
  assert.equal(looks, before, 'nested values would be walked with every operation');
});

test('a document nested without end is a failure', () => {
  let deep: unknown = 1;
  for (let at = 0; at < 100_000; at++) deep = [deep];
  for (const text of ['body', 'body == body', 'json(body)', 'size(body)', 'event'])
    stopped(text, /nested more than 200 deep/, expressionScope(deep, { raw: '' }));
});

test('one expression after another has a whole budget, in each order of failing and passing', () => {
  const heavy = expressions.compile('body.most.all(x, x >= 0)');
  const scope = expressionScope(BODY, { raw: '' });
  for (let at = 0; at < 10; at++) {
    assert.deepEqual(heavy.evaluate(scope), { ok: true, value: true });
    stopped('body.million.all(x, x >= 0)', /items/, scope);
  }
});

const WORDS = [
  ...[
    'body',
    'event',
    'headers',
    'raw',
    'now',
    'x',
    'a',
    '.',
    '.a',
    '["a"]',
    '[0]',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    ',',
  ],
  ...[
    '1',
    '1.5',
    '1u',
    '"t"',
    "b'1'",
    'null',
    'true',
    '+',
    '-',
    '*',
    '/',
    '%',
    '==',
    '!=',
    '<',
    'in',
    '&&',
    '||',
    '!',
  ],
  ...[
    '? 1 : 2',
    ':',
    '.all(x, ',
    '.map(x, ',
    'default(',
    'has(',
    'size(',
    'string(',
    'int(',
    'json(',
    'parseJson(',
  ],
  ...[
    're(',
    'timestamp(',
    'duration(',
    'cel.bind(a, ',
    '__proto__',
    'constructor',
    '{{',
    '}}',
    '"',
    '\n',
    '//',
    '\\',
  ],
];

test('any text is an expression or a Problem, and evaluating it is a value', () => {
  const piece = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...WORDS) },
    { weight: 1, arbitrary: fc.string() },
  );
  const text = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(' '));
  let compiled = 0;
  fc.assert(
    fc.property(text, fc.constantFrom('compile', 'template'), fc.jsonValue(), (source, how, body) => {
      try {
        const made = expressions[how as 'compile'](source);
        compiled++;
        assert.equal(typeof made.evaluate(expressionScope(body)).ok, 'boolean');
      } catch (error) {
        assert.ok(error instanceof Problem, String(error));
      }
    }),
    { numRuns: 4_000 },
  );
  assert.ok(compiled > 200, `only ${compiled} were expressions`);
});

test('any document is evaluated to a value that is JSON', () => {
  const key = fc.oneof(
    fc.constantFrom('a', 'b', '__proto__', 'constructor', 'toString', 'length'),
    fc.string(),
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.oneof(fc.constant(null), fc.boolean(), fc.double(), fc.integer(), fc.string()),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((pairs) => Object.fromEntries(pairs)),
    ),
  }));
  const texts = [
    ...[
      'body',
      'body.a',
      'body.constructor',
      'body["__proto__"].a',
      'body[0]',
      'size(body)',
      'body == body.a',
      'body + body',
    ],
    ...[
      'body.a < body.b',
      '!body.a',
      '-body.b',
      'body.a in body',
      'body.map(x, x)',
      'body.a.all(x, x.b == body.b)',
      'event',
    ],
    ...[
      'string(body.a)',
      'int(body.a)',
      'timestamp(body.a)',
      'now + duration(body.a)',
      'json(body)',
      'parseJson(json(body))',
    ],
    ...[
      'body.a.split(body.b)',
      're(body.a, body.b)',
      'reReplace(body.a, "(.)", body.b)',
      'base64Decode(body.a)',
    ],
    ...[
      'default(body.a.b, body)',
      'has(body.a.b)',
      'body.a ? 1 : 2',
      'type(body.a)',
      '[body, [body.a]]',
      '{"k": body}',
    ],
  ].map((text) => expressions.compile(text));
  fc.assert(
    fc.property(value, (body) => {
      for (const expression of texts) {
        const result = expression.evaluate(expressionScope(body, { raw: '' }));
        if (result.ok) assert.equal(typeof JSON.stringify(result.value), 'string');
        else assert.equal(typeof result.detail, 'string');
      }
    }),
    { numRuns: 500 },
  );
});
