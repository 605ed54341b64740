/**
 * JSON (RFC 8259) and its lines. Numbers are doubles, but an integer that no double holds, or a number beyond all
 * doubles, becomes a string of its digits: nothing is lost silently, and equal ids stay equal. Of a repeated name the
 * last value counts; `__proto__` is an own member.
 */
import { decodeCharacters } from './characters.ts';
import type { FormatLimits } from './limits.ts';
import { type Content, parsed, type Reading, unreadable } from './reading.ts';

const WHY_CHARS = 160;
/** 2^53 has 16 digits. */
const LONG = 16;
const QUOTE = 34;
const BACKSLASH = 92;

export function readJson({ bytes, type, limits }: Content): Reading {
  const { text, error } = decodeCharacters(bytes, type.parameters.get('charset'));
  const json = parseJson(text, limits);
  return 'why' in json ? unreadable(json.why) : parsed('json', json.value, { error });
}

/** `value`: an array, an element per line that is not blank. RFC 7464 sequences, too. */
export function readNdjson({ bytes, type, limits }: Content): Reading {
  const { text, error } = decodeCharacters(bytes, type.parameters.get('charset'));
  const value: unknown[] = [];
  let line = 0;
  for (let at = 0; at < text.length; line += 1) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 7464 puts a record separator before each text
    const row = text.slice(at, end).replace(/^\x1e/, '').trim();
    at = end + 1;
    if (row === '') continue;
    const json = parseJson(row, limits);
    if ('why' in json) return unreadable(`line ${line + 1}: ${json.why}`);
    value.push(json.value);
    if (value.length > limits.nodes) return unreadable(tooMany(limits));
  }
  return value.length === 0 ? unreadable('there is no line') : parsed('ndjson', value, { error });
}

/** The value of a text, or why it has none. */
export function parseJson(text: string, limits: FormatLimits): { value: unknown } | { why: string } {
  const why = overLimit(text, limits);
  if (why !== null) return { why };
  try {
    return { value: mayLose(text) ? JSON.parse(text, keepDigits as Reviver) : JSON.parse(text) };
  } catch (error) {
    return { why: (error as Error).message.slice(0, WHY_CHARS) };
  }
}

type Reviver = (this: unknown, key: string, value: unknown) => unknown;

/** A guess that is cheap and never wrong the other way: only then are numbers looked at one by one. */
const mayLose = (text: string): boolean => hasLongDigits(text) || /[eE]\+?\d{3}/.test(text);

/** 16 digits in a row, strings included. Every 16th character is looked at: ten times as fast as a RegExp. */
function hasLongDigits(text: string): boolean {
  for (let at = LONG - 1; at < text.length; at += LONG) {
    if (!isDigit(text.charCodeAt(at))) continue;
    let start = at;
    while (start > 0 && isDigit(text.charCodeAt(start - 1))) start -= 1;
    while (isDigit(text.charCodeAt(at + 1))) at += 1;
    if (at - start + 1 >= LONG) return true;
  }
  return false;
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

function keepDigits(_key: string, value: unknown, context: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const digits = context.source ?? '';
  return /^-?\d+$/.test(digits) || !Number.isFinite(value) ? digits : value;
}

const tooDeep = ({ depth }: FormatLimits): string => `it is nested deeper than ${depth}`;
const tooMany = ({ nodes }: FormatLimits): string => `it has more than ${nodes} values`;

/** Few brackets cannot be deep, and few characters cannot be many values; only else is the text walked. */
function overLimit(text: string, limits: FormatLimits): string | null {
  if (text.length / 2 < limits.nodes && !hasMore(text, '{', '[', limits.depth)) return null;
  let depth = 0;
  let nodes = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      nodes += 1;
      if (depth > limits.depth) return tooDeep(limits);
    } else if (code === 0x7d || code === 0x5d) depth -= 1;
    else if (code === 0x2c) nodes += 1;
    if (nodes > limits.nodes) return tooMany(limits);
  }
  return null;
}

function hasMore(text: string, one: string, other: string, most: number): boolean {
  let count = 0;
  for (const bracket of [one, other])
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) {
      count += 1;
      if (count > most) return true;
    }
  return false;
}

/** Where the quote is that closes the string which opens at `start`; the text's end when none does. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return at;
  }
  return text.length;
}
