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
const ROW_CHARS_MAX = 256 * 1024;
const NEWLINE = 0x0a;
const WHY_CHARS = 160;

export function readCsv({ bytes, type, limits }: Content): Reading {
  const { text, error } = decodeCharacters(bytes, type.parameters.get('charset'));
  if (text.length > limits.csvChars) return unreadable(`it is longer than ${limits.csvChars} characters`);
  const delimiter = type.essence === 'text/tab-separated-values' ? '\t' : delimiterOf(text);
  if (hasMoreCells(text, delimiter, limits.nodes))
    return unreadable(`it has more than ${limits.nodes} cells`);
  try {
    const options = { delimiter, relax_column_count: true, skip_empty_lines: true };
    const rows = parse(text, { ...options, max_record_size: ROW_CHARS_MAX });
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

/** Counted before they are made; delimiters inside of quotes count, too. */
function hasMoreCells(text: string, delimiter: string, most: number): boolean {
  const wanted = delimiter.charCodeAt(0);
  let cells = 1;
  for (let at = 0; at < text.length && cells <= most; at += 1) {
    const code = text.charCodeAt(at);
    if (code === wanted || code === NEWLINE) cells += 1;
  }
  return cells > most;
}

const columnAt = (index: number): string => `column_${index + 1}`;

function delimiterOf(text: string): string {
  const end = text.indexOf('\n');
  const line = text.slice(0, Math.min(end < 0 ? text.length : end, FIRST_LINE_MAX)).replace(/"[^"]*"/g, '');
  const counts = DELIMITERS.map((delimiter) => line.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))]!;
}
