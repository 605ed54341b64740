import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../../test/support/properties.ts';
import { csvRow } from './csv.ts';

test('cells are quoted where RFC 4180 asks for it, and only there', () => {
  assert.equal(csvRow(['a', 'b c', 'd,e', 'f"g', 'h\ni', ' j']), 'a,b c,"d,e","f""g","h\ni"," j"\r\n');
  assert.equal(
    csvRow([1, -1.5, true, null, undefined, { a: [1, 'x'] }]),
    '1,-1.5,true,,,"{""a"":[1,""x""]}"\r\n',
  );
});

test('no text is left that a spreadsheet would take for a formula', () => {
  for (const text of [
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    '\t=1',
    '\r=1',
    '\n=1',
    '＝1+1',
    '＋1',
    '－1',
    '＠SUM(A1)',
  ])
    assert.match(csvRow([text]), /^"?'/, JSON.stringify(text));
});

test('whatever the texts are, a reader of CSV gets them back, with the apostrophe before formulas', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 4 }), (texts) => {
      const expected = texts.map((text) => (/^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text));
      assert.deepEqual(readRow(csvRow(texts)), expected);
    }),
  );
});

function readRow(line: string): string[] {
  const cells: string[] = [];
  let rest = line.slice(0, -2);
  for (;;) {
    const [all, quoted, plain] = /^(?:"((?:[^"]|"")*)"|([^,"]*))(?=,|$)/s.exec(rest)!;
    cells.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'));
    if (rest.length === all.length) return cells;
    rest = rest.slice(all.length + 1);
  }
}
