import assert from 'node:assert/strict';
import test from 'node:test';
import { applyPatch } from 'rfc6902';
import { fc } from '../../../test/support/properties.ts';
import { stepsOf, valueAt } from './at-path.ts';
import { compareItems, ITEMS_MAX, identify, type KeptItem } from './compare-items.ts';
import { fingerprint } from './fingerprint.ts';
import { patchOf } from './patch.ts';
import { nextPage } from './read-answer.ts';

const item = (id: number, value: unknown = {}) => ({ id: String(id), value });
const REMEMBER = { ignore: [], missingIsGone: false };

test('a path is a pointer or dotted, and -1 is the last of a list', () => {
  const document = { a: [{ 'b/c': 1 }, { b: 2 }], 'x.y': 3 };
  const at = (path: string): unknown => valueAt(document, stepsOf(path));
  assert.deepEqual(
    [at('/a/0/b~1c'), at('a.1.b'), at('a.-1.b'), at('/x.y'), at(''), at('a.7.b'), at('a.b'), at('toString')],
    [1, 2, 2, 3, document, undefined, undefined, undefined],
  );
});

test('a fingerprint is blind to the order of members, and to what is ignored anywhere below', () => {
  const print = (value: unknown, ...paths: string[]): string => fingerprint(value, paths.map(stepsOf));
  assert.equal(print({ a: 1, b: [2] }), print({ b: [2], a: 1 }));
  assert.notEqual(print({ a: [1, 2] }), print({ a: [2, 1] }));
  assert.equal(print({ a: { x: 1, y: 2 } }, 'a.x'), print({ a: { x: 9, y: 2 } }, 'a.x'));
  assert.notEqual(print({ a: { x: 1, y: 2 } }, 'a.x'), print({ a: { x: 1, y: 3 } }, 'a.x'));
  assert.equal(print([{ t: 1 }], '0.t'), print([{ t: 2 }], '0.t'));
});

test('what is remembered is bounded: the newest items, and as many of their values as there is room for', () => {
  const many = Array.from({ length: ITEMS_MAX }, (_, at) => item(at));
  const first = compareItems([], many, REMEMBER);
  const second = compareItems(first.kept, [item(-1)], REMEMBER);
  assert.deepEqual(
    [second.kept.length, second.kept.at(-1)?.[0], second.kept[0]?.[0]],
    [ITEMS_MAX, '-1', '1'],
  );
  const large = Array.from({ length: 30 }, (_, at) => item(at, 'x'.repeat(60_000)));
  const { kept } = compareItems([], large, REMEMBER);
  assert.deepEqual([kept.length, kept.filter((one) => one.length === 3).length], [30, 8]);
  assert.equal(kept[0]?.length, 2);
  const [change] = compareItems(kept, [item(0, 'y')], REMEMBER).changes;
  assert.ok(change?.kind === 'updated' && change.before === undefined);
});

test('of several items with one id the last one counts; ids are text or numbers', () => {
  const items = identify(
    [
      { id: 1, a: 1 },
      { id: '1', a: 2 },
    ],
    'id',
  );
  assert.deepEqual(items, [{ id: '1', value: { id: '1', a: 2 } }]);
  for (const id of [null, '', {}, true, 'x'.repeat(501)])
    assert.throws(() => identify([{ id }], 'id'), /no usable id/);
});

test('a comparison, applied, leads from the old items to the new ones', () => {
  const lists = fc.uniqueArray(fc.record({ id: fc.nat(8), v: fc.nat(2) }, { noNullPrototype: true }), {
    selector: ({ id }) => id,
  });
  fc.assert(
    fc.property(lists, lists, (old, fresh) => {
      const asItems = (list: typeof old) => list.map((value) => item(value.id, value));
      const { kept } = compareItems([], asItems(old), REMEMBER);
      const { changes, kept: next } = compareItems(kept as KeptItem[], asItems(fresh), {
        ignore: [],
        missingIsGone: true,
      });
      const world = new Map(old.map((value) => [String(value.id), value as unknown]));
      for (const change of changes)
        if (change.kind === 'deleted') world.delete(change.id);
        else world.set(change.id, change.after);
      assert.deepEqual(world, new Map(fresh.map((value) => [String(value.id), value])));
      assert.deepEqual(compareItems(next, asItems(fresh), REMEMBER).changes, []);
    }),
    { numRuns: 200 },
  );
});

test('a diff, applied, gives the new value', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (a, b) => {
      // The applying side refuses this name.
      fc.pre(!JSON.stringify([a, b]).includes('__proto__'));
      const [before, after] = [
        { value: JSON.parse(JSON.stringify(a)) },
        { value: JSON.parse(JSON.stringify(b)) },
      ];
      applyPatch(before, patchOf(before, after)!);
      assert.deepEqual(before, after);
    }),
    { numRuns: 200 },
  );
});

test('a diff has a bounded price: long lists are replaced, large values have none', () => {
  const list = (from: number) => Array.from({ length: 300 }, (_, at) => ({ n: from + at, l: [1, 2, 3] }));
  const startedAt = performance.now();
  assert.deepEqual(patchOf({ a: list(0), b: 1 }, { a: list(9), b: 2 }), [
    { op: 'replace', path: '/a', value: list(9) },
    { op: 'replace', path: '/b', value: 2 },
  ]);
  assert.deepEqual(patchOf({ a: list(0) }, { a: list(0) }), []);
  const nested = Array.from({ length: 100 }, (_, at) => Array.from({ length: 100 }, (_, n) => n * at));
  assert.ok(patchOf(nested, nested.toReversed()) !== null);
  assert.ok(performance.now() - startedAt < 20_000);
  assert.equal(patchOf('x'.repeat(100_000), 'y'.repeat(100_000)), null);
});

test('the next page is found among other links', () => {
  const link = '<https://a.example/1>; rel="prev", </p?x=a,b>; title="rel=next"; rel="up next"';
  assert.equal(nextPage(link, 'https://a.example/o'), 'https://a.example/p?x=a,b');
  assert.equal(nextPage('<file:///etc/passwd>; rel=next', 'https://a.example'), null);
  assert.equal(nextPage('</a>; rel="nextish"', 'https://a.example'), null);
  assert.equal(nextPage(undefined, 'https://a.example'), null);
});
