import assert from 'node:assert/strict';
import test from 'node:test';
import { Problem } from '../core/problem.ts';
import { parsePage, renderPage } from './page.ts';

const parse = (text: string) => (/^[a-z]$/.test(text) ? text : undefined);
const render = { item: (row: string) => row.toUpperCase(), iterator: (row: string) => row };

test('the first page asks for one row more than its limit, in the list’s own order', () => {
  const page = parsePage({}, { parse, defaultOrder: 'ascending' });
  assert.deepEqual(page, {
    limit: 50,
    readLimit: 51,
    after: null,
    readDirection: 'ascending',
    backwards: false,
  });
});

test('a page with a row to spare is not done and does not show that row', () => {
  const page = parsePage({ limit: 2 }, { parse, defaultOrder: 'ascending' });
  assert.deepEqual(renderPage(['a', 'b', 'c'], page, render), {
    data: ['A', 'B'],
    iterator: 'b',
    prevIterator: '-a',
    done: false,
  });
});

test('reading backwards turns the read around and the page back', () => {
  const page = parsePage({ limit: 2, iterator: '-d' }, { parse, defaultOrder: 'ascending' });
  assert.equal(page.readDirection, 'descending');
  assert.equal(page.after, 'd');
  assert.deepEqual(renderPage(['c', 'b', 'a'], page, render), {
    data: ['B', 'C'],
    iterator: 'c',
    prevIterator: '-b',
    done: false,
  });
});

test('an empty page is done and has no iterators', () => {
  const page = parsePage({ limit: 2 }, { parse, defaultOrder: 'descending' });
  assert.deepEqual(renderPage([], page, render), {
    data: [],
    iterator: null,
    prevIterator: null,
    done: true,
  });
});

test('an iterator that is none of ours is refused and says what to pass', () => {
  assert.throws(
    () => parsePage({ iterator: 'nonsense' }, { parse, defaultOrder: 'ascending' }),
    (error) => error instanceof Problem && error.code === 'validation' && /unchanged/.test(error.message),
  );
});
