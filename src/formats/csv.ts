/**
 * CSV (RFC 4180) with the delimiter that its first line uses most (`,` `;` tab `|`). The first row names the columns
 * and each other row becomes an object of strings, unless the type says `header=absent`: then rows are arrays. Columns
 * without a name, with a name that was there before, or beyond the first row are called `column_N`.
 */
import { parse } from 'csv-parse/sync';
import { decodeCharacters } from './characters.ts';
import { type Members, setOwn } from './own.ts';
import { type Content, parsed, type Reading, unreadable } from './reading.ts';

const DELIMITERS = [',', ';', '\t', '|'];
const FIRST_LINE_MAX = 16 * 1024;
const WHY_CHARS = 160;

export function readCsv({ bytes, type, limits }: Content): Reading {
  const { text, error } = decodeCharacters(bytes, type.parameters.get('charset'));
  if (text.length > limits.csvChars) return unreadable(`it is longer than ${limits.csvChars} characters`);
  const delimiter = type.essence === 'text/tab-separated-values' ? '\t' : delimiterOf(text);
  const most = limits.nodes;
  let cells = 0;
  try {
    const rows = parse(text, {
      delimiter,
      relax_column_count: true,
      skip_empty_lines: true,
      on_record: (row: string[]) => {
        cells += row.length;
        if (cells > most) throw new Error(`it has more than ${most} cells`);
        return row;
      },
    }) as string[][];
    const value = type.parameters.get('header')?.toLowerCase() === 'absent' ? rows : namedRows(rows);
    return parsed('csv', value, { error });
  } catch (cause) {
    return unreadable((cause as Error).message.slice(0, WHY_CHARS));
  }
}

function namedRows([header = [], ...rows]: readonly string[][]): Members[] {
  const names: string[] = [];
  const known = new Set<string>();
  for (const [index, given] of header.entries()) {
    const name = given.trim();
    names.push(name === '' || known.has(name) ? columnAt(index) : name);
    known.add(names[index]!);
  }
  return rows.map((row) => {
    const members: Members = {};
    for (const [index, cell] of row.entries()) setOwn(members, names[index] ?? columnAt(index), cell);
    return members;
  });
}

const columnAt = (index: number): string => `column_${index + 1}`;

function delimiterOf(text: string): string {
  const end = text.indexOf('\n');
  const line = text.slice(0, Math.min(end < 0 ? text.length : end, FIRST_LINE_MAX)).replace(/"[^"]*"/g, '');
  const counts = DELIMITERS.map((delimiter) => line.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))]!;
}
