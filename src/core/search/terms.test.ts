import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fc } from '../../../test/support/properties.ts';
import type { EventDocument } from '../received/event-document.ts';
import {
  NO_FILTER,
  type SearchFilter,
  type SearchOperator,
  type SearchPath,
  type SearchValue,
} from './filter.ts';
import { matches } from './matches.ts';
import { parsePath } from './parse-path.ts';
import { EVENT_TERMS_MAX, eventTerms, termsOf } from './terms.ts';
import type { Searched } from './values.ts';
import { piecesOf, wordsOf } from './words.ts';

/** In µs of CPU: far above what it takes, on any machine, and far below what a wrong loop does. */
const QUADRATIC_TAKES_MINUTES = 20_000_000;

const BASE: EventDocument = {
  id: 'evt_1',
  source: 'src_1',
  type: 'order.paid',
  receivedAt: '2026-11-26T00:00:00.000Z',
  method: 'POST',
  path: '/a',
  query: { page: '5', tag: ['a', 'b'] },
  headers: { 'content-type': 'application/json', 'x-count': ' 007 ' },
  body: {
    amount: 10,
    currency: 'EUR',
    paid: true,
    note: null,
    items: [
      { sku: 'a-1', tags: ['red', 'blue'] },
      { sku: 'b-2', price: 2.5 },
    ],
    'a.b': { 'c"d': 1 },
    text: 'Refund of ORDER １２, Straße',
    cjk: '注文完了',
    // A JSON text may have such a member.
    ...(JSON.parse('{"__proto__": {"x": 1}}') as object),
  },
  envelope: null,
  files: [],
  contentType: 'application/json',
  size: 100,
  peer: '203.0.113.7',
  verified: true,
  via: 'http',
  key: null,
  dedupeKey: null,
  test: false,
  parseError: null,
  meta: null,
};

const event = (more: Partial<EventDocument> = {}, format: Searched['format'] = 'json'): Searched => ({
  document: { ...BASE, ...more },
  format,
});
const condition = (path: string, op: SearchOperator, value: SearchValue = null): SearchFilter => ({
  ...NO_FILTER,
  conditions: [{ path: parsePath(path)!, op, value }],
});
const text = (wanted: string): SearchFilter => ({ ...NO_FILTER, text: wanted });

/** What the index and the second look say together; the index must never hide what matches. */
function finds(searched: Searched, filter: SearchFilter): boolean {
  const { terms, overflows } = eventTerms(searched);
  const isCandidate = overflows || termsOf(filter).every((term) => terms.includes(term));
  const isMatch = matches(searched, filter);
  if (isMatch) assert.ok(isCandidate, `the index hides what ${JSON.stringify(filter)} matches`);
  return isMatch;
}

describe('finding an event by a path', () => {
  const table: readonly [path: string, op: SearchOperator, value: SearchValue, found: boolean][] = [
    ['body.amount', '=', 10, true],
    ['body.amount', '=', '10', false],
    ['body.amount', '!=', 11, true],
    ['body.amount', '!=', 10, false],
    ['body.absent', '!=', 10, false],
    ['body.amount', '>', 9.5, true],
    ['body.amount', '<=', 10, true],
    ['body.amount', '<', 10, false],
    ['body.amount', '>', '1', false],
    ['body.currency', '=', 'EUR', true],
    ['body.currency', '=', 'eur', false],
    ['body.currency', '>', 'EU', true],
    ['body.currency', 'startsWith', 'EU', true],
    ['body.currency', 'contains', 'UR', true],
    ['body.currency', 'contains', 'ur', false],
    ['body.paid', '=', true, true],
    ['body.paid', '=', 'true', false],
    ['body.note', '=', null, true],
    ['body.note', 'exists', null, true],
    ['body.nothing', 'exists', null, false],
    ['body.items', 'exists', null, true],
    ['body.items[].sku', '=', 'b-2', true],
    ['body.items[0].sku', '=', 'b-2', false],
    ['body.items[1].sku', '=', 'b-2', true],
    ['body.items[].tags', '=', 'blue', true],
    ['body.items[].tags[]', 'contains', 'lu', true],
    ['body.items[].price', '<', 3, true],
    ['body.items[].sku', '!=', 'a-1', false],
    ['body["a.b"]["c\\"d"]', '=', 1, true],
    ['body.__proto__.x', '=', 1, false],
    ['body.constructor', 'exists', null, false],
    ['query.page', '=', 5, true],
    ['query.page', '=', '5', true],
    ['query.page', '<', 6, true],
    ['query.tag', '=', 'b', true],
    ['headers.x-count', '=', 7, true],
    ['headers["x-count"]', '=', ' 007 ', true],
    ['id', '=', 'evt_1', true],
    ['size', '>', 99, true],
    ['peer', 'startsWith', '203.', true],
  ];
  for (const [path, op, value, found] of table) {
    it(`${path} ${op} ${JSON.stringify(value)} is ${found}`, () => {
      assert.equal(finds(event(), condition(path, op, value)), found);
    });
  }

  it('takes texts of untyped bodies for what one asks for', () => {
    const form = event({ body: { amount: '10.0', paid: 'Yes', big: '1e3', word: 'ten' } }, 'form');
    assert.ok(finds(form, condition('body.amount', '=', 10)));
    assert.ok(finds(form, condition('body.amount', '=', '10.0')));
    assert.ok(!finds(form, condition('body.amount', '=', '10')));
    assert.ok(finds(form, condition('body.paid', '=', true)));
    assert.ok(finds(form, condition('body.big', '>=', 1000)));
    assert.ok(!finds(form, condition('body.word', '<', 11)));
    const json = event({ body: { amount: '10.0' } });
    assert.ok(!finds(json, condition('body.amount', '=', 10)));
  });

  it('compares texts by code point, in one normal form', () => {
    const own = event({ body: { a: 'Zo\u0065\u0308', b: '\uff5e' } });
    assert.ok(finds(own, condition('body.a', '=', 'Zo\u00eb')));
    assert.ok(finds(own, condition('body.b', '<', '\u{1f600}')));
  });

  it('takes no longer for a text of a million digits that is no number than for another', () => {
    const digits = event({ body: `${'1'.repeat(1_000_000)}x` }, 'text');
    const begun = process.cpuUsage().user;
    assert.ok(!finds(digits, condition('body', '>', 5)));
    assert.ok(process.cpuUsage().user - begun < QUADRATIC_TAKES_MINUTES);
  });

  it('takes no longer for a text of a million marks over one letter than for another', () => {
    const marks = `a${'\u0301\u0323'.repeat(500_000)}`;
    const begun = process.cpuUsage().user;
    assert.ok(!finds(event({ body: marks }, 'text'), condition('body', 'contains', 'b')));
    assert.ok(!finds(event({ body: marks }, 'text'), text('b "c d"')));
    const many = Array.from({ length: 30 }, () => marks.slice(0, 32_000));
    assert.ok(finds(event({ body: many }), condition('body[]', '=', many[0]!)));
    assert.ok(process.cpuUsage().user - begun < QUADRATIC_TAKES_MINUTES);
  });

  it('finds headers by their names in any case', () => {
    const filter = { ...NO_FILTER, headers: [{ name: 'X-Count', op: '=', value: 7 } as const] };
    assert.ok(finds(event(), filter));
  });

  it('asks for type, source, method and proof', () => {
    assert.ok(
      finds(event(), { ...NO_FILTER, types: ['x', 'order.paid'], sourceIds: ['src_1'], methods: [] }),
    );
    assert.ok(!finds(event(), { ...NO_FILTER, types: ['order.made'] }));
    assert.ok(!finds(event(), { ...NO_FILTER, sourceIds: ['src_2'] }));
    assert.ok(!finds(event(), { ...NO_FILTER, methods: ['GET'] }));
    assert.ok(finds(event(), { ...NO_FILTER, verified: true }));
    assert.ok(!finds(event(), { ...NO_FILTER, verified: false }));
  });
});

describe('finding an event by words', () => {
  const table: readonly [wanted: string, found: boolean][] = [
    ['refund', true],
    ['order 12 refund', true],
    ['refund missing', false],
    ['"refund of order"', true],
    ['"order of refund"', false],
    ['"eur', true],
    ['"order of refund', true],
    ['strasse', false],
    ['STRASSE', false],
    ['straße', true],
    ['注文', true],
    ['"注文"', true],
    ['"文注"', false],
    ['b-2 2.5', true],
    ['/a', true],
    ['application', false],
    ['', true],
    ['!?', true],
  ];
  for (const [wanted, found] of table) {
    it(`${wanted || 'nothing'} is ${found}`, () => assert.equal(finds(event(), text(wanted)), found));
  }
});

describe('words of a long text', () => {
  const LOREM = ['Straße', 'ab', 'İstanbul', 'de\u0301ja\u0300', '注文', '１２', 'x_y', 'ﬁn', 'за', 'c'];
  const texts = fc
    .array(fc.tuple(fc.constantFrom(...LOREM), fc.constantFrom(' ', '\n', ', ', '/', '、')), {
      minLength: 250,
      maxLength: 600,
    })
    .map((parts) => parts.flat().join(''));

  it('are those of its pieces', () => {
    fc.assert(
      fc.property(texts, (long) => {
        assert.deepEqual([...piecesOf(long)].join(''), long);
        assert.deepEqual([...piecesOf(long)].flatMap(wordsOf), wordsOf(long));
      }),
    );
  });

  it('make phrases across its pieces', () => {
    const long = Array.from({ length: 2_000 }, (_, n) => `ä${n}`);
    const body = event({ body: long.join(' ') }, 'text');
    for (let n = 0; n < 1_990; n += 7) {
      assert.ok(finds(body, text(`"${long.slice(n, n + 3).join(' ')}" "${long.slice(n, n + 9).join(' ')}"`)));
      assert.ok(!finds(body, text(`"${long[n]} ${long[n + 2]}"`)));
    }
  });
});

describe('terms', () => {
  it('are distinct whole numbers of 48 bits', () => {
    const { terms } = eventTerms(event());
    assert.equal(new Set(terms).size, terms.length);
    assert.ok(terms.every((term) => Number.isSafeInteger(term) && term >= 0 && term < 2 ** 48));
  });

  it('are few enough: what has more is a candidate of everything', () => {
    const body = (count: number) => Array.from({ length: count }, (_, i) => ({ value: i }));
    assert.equal(eventTerms(event({ body: body(100) })).overflows, false);
    assert.deepEqual(eventTerms(event({ body: body(EVENT_TERMS_MAX) })), { terms: [], overflows: true });
    assert.equal(eventTerms(event({ body: new Array(100_000).fill(0) })).overflows, true);
    assert.equal(eventTerms(event({ body: 'a '.repeat(100_000) })).overflows, true);
  });

  it('do not hide a text that is long only before it is compared: in another normal form, or between spaces', () => {
    const decomposed = 'e\u0301'.repeat(200);
    assert.ok(finds(event({ body: { a: decomposed } }), condition('body.a', '=', '\u00e9'.repeat(200))));
    assert.ok(finds(event({ body: { a: '\u00e9'.repeat(200) } }), condition('body.a', '=', decomposed)));
    const spaced = event({ body: { a: `${' '.repeat(300)}42` } }, 'form');
    assert.ok(finds(spaced, condition('body.a', '=', 42)));
  });

  it('never hide an event that matches', () => {
    const steps = fc.constantFrom('a', 'b', '0', 'a.b');
    const scalars = fc.oneof(
      fc.constantFrom('1', 'yes', 'x y', '', ' 1.0 ', 'Ａ'),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3 },
        scalars,
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(steps, tie('tree')),
      ),
    }));
    const path: fc.Arbitrary<SearchPath> = fc
      .array(fc.oneof(steps, fc.constant(null), fc.nat(2)), { maxLength: 3 })
      .map((rest) => ['body', ...rest]);
    const ops = fc.constantFrom<SearchOperator>('=', '!=', '<', '>=', 'exists', 'contains', 'startsWith');
    const wanted = fc.record({ path, op: ops, value: scalars as fc.Arbitrary<SearchValue> });
    const formats = fc.constantFrom<Searched['format']>('json', 'form');
    fc.assert(
      fc.property(
        tree,
        formats,
        wanted,
        fc.constantFrom('', 'x', '1', '"x y"', 'a'),
        (body, format, one, words) => {
          finds(event({ body }, format), { ...NO_FILTER, conditions: [one], text: words });
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('a path', () => {
  it('is read as people write it', () => {
    assert.deepEqual(parsePath('body.items[].sku'), ['body', 'items', null, 'sku']);
    assert.deepEqual(parsePath('body.items[12]["a.b"]["\\"\\\\"].c'), [
      'body',
      'items',
      12,
      'a.b',
      '"\\',
      'c',
    ]);
    assert.deepEqual(parsePath('headers.x-id'), ['headers', 'x-id']);
  });

  it('that cannot be read is none', () => {
    for (const bad of [
      '',
      '.a',
      'a.',
      'a..b',
      'a[',
      'a[x]',
      'a["b]',
      '[0]',
      'a b',
      'a[0]b',
      `a${'.a'.repeat(40)}`,
      'a'.repeat(2000),
    ]) {
      assert.equal(parsePath(bad), null, bad);
    }
  });
});
