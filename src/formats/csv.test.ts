import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFormats } from './create-formats.ts';
import { parseAtOnce } from './fixtures/parse-call.ts';

const csv = (body: string, type = 'text/csv'): unknown => {
  const { format, value, error } = parseAtOnce({ type, body });
  assert.deepEqual([format, error], ['csv', null]);
  return value;
};

test('the delimiter is found in the first row, and rows are objects of strings', () => {
  for (const delimiter of [',', ';', '\t', '|'])
    assert.deepEqual(csv(`a${delimiter}b${delimiter}"c, ;d"\r\n1${delimiter}"x ""y""\n"${delimiter}\r\n`), [
      { a: '1', b: 'x "y"\n', 'c, ;d': '' },
    ]);
  assert.deepEqual(csv('a b\tc\n1\t2', 'text/tab-separated-values'), [{ 'a b': '1', c: '2' }]);
});

test('rows may be short or long, and columns nameless or twice', () => {
  assert.deepEqual(csv('a,,a\n1,2,3,4\n5\n\n'), [
    { a: '1', column_2: '2', column_3: '3', column_4: '4' },
    { a: '5' },
  ]);
  assert.deepEqual(csv('a,b\n1,2', 'text/csv; header=absent'), [
    ['a', 'b'],
    ['1', '2'],
  ]);
});

test('columns named like prototypes are columns', () => {
  const [row] = csv('__proto__,constructor\nx,y\n') as object[];
  assert.deepEqual(Object.entries(row!), [
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
});

test('cells and length are bounded, and an open quote is told', () => {
  const small = createFormats({ nodes: 10, csvChars: 100 });
  const parse = (body: string) =>
    small.parse({ headers: [], body: Buffer.from(body), contentType: 'text/csv', payloadFrom: null });
  assert.match((parse('a,b\n'.repeat(10)) as { error: string }).error, /more than 10 cells/);
  assert.match((parse('a'.repeat(101)) as { error: string }).error, /longer than 100/);
  assert.match(parseAtOnce({ type: 'text/csv', body: 'a,b\n"1,2\n' }).error!, /Quote Not Closed/);
});
