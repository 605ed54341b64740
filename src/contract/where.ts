/** Reads a condition as people write it: `body.amount>=100`, `body.items[].sku~abc`, `body.error exists`. */
import { invalid } from '../core/problem.ts';
import type { PathCondition, SearchOperator, SearchPath, SearchValue } from '../core/search/filter.ts';
import { parsePath } from '../core/search/parse-path.ts';

export const WHERE_CHARS_MAX = 2000;

/** Longer ones first: `>=` is not `>`. */
const OPERATORS: readonly (readonly [string, SearchOperator])[] = [
  ['!=', '!='],
  ['>=', '>='],
  ['<=', '<='],
  ['^=', 'startsWith'],
  ['==', '='],
  ['=', '='],
  ['>', '>'],
  ['<', '<'],
  ['~', 'contains'],
];
const EXISTS = /^(.*\S)\s+exists$/i;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
/** What a path can begin with. */
const MEMBERS = [
  ...['body', 'headers', 'query', 'type', 'source', 'method', 'path', 'contentType', 'size', 'via', 'peer'],
  ...['key', 'dedupeKey', 'envelope', 'files', 'meta', 'verified', 'test', 'parseError', 'id', 'receivedAt'],
] as const;
const WORDS: Readonly<Record<string, SearchValue>> = { true: true, false: false, null: null };

/** Problem validation at `loc` says what to write instead. */
export function parseCondition(text: string, loc: readonly (string | number)[]): PathCondition {
  const found = operatorIn(text);
  if (found === null) {
    const path = EXISTS.exec(text.trim())?.[1];
    if (path === undefined)
      throw invalid(
        loc,
        `"${text}" has no operator: write a path, one of = != > >= < <= ~ (contains) ^= (begins with) and a value, or a path and "exists".`,
      );
    return { path: pathOf(path, loc), op: 'exists', value: null };
  }
  const { at, sign, op } = found;
  const path = pathOf(text.slice(0, at).trim(), loc);
  const value = comparedWith(text.slice(at + sign.length).trim(), op);
  if (isOrdered(op) && typeof value !== 'number' && typeof value !== 'string')
    throw invalid(loc, `"${sign}" compares with a number or a text, not with ${String(value)}.`);
  return { path, op, value };
}

/** The first operator outside of brackets and quotes. */
function operatorIn(text: string): { at: number; sign: string; op: SearchOperator } | null {
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    if (quoted && text[at] === '\\') at++;
    else if (text[at] === '"') quoted = !quoted;
    else if (!quoted) {
      const found = OPERATORS.find(([sign]) => text.startsWith(sign, at));
      if (found !== undefined) return { at, sign: found[0], op: found[1] };
    }
  }
  return null;
}

/** A column of an export: any member of the event. Problem validation at `loc`. */
export function parseColumn(text: string, loc: readonly (string | number)[]): SearchPath {
  if (text === 'contentState' || text === 'format') return [text];
  return pathOf(text, loc);
}

function pathOf(text: string, loc: readonly (string | number)[]): SearchPath {
  const path = parsePath(text);
  if (path === null)
    throw invalid(
      loc,
      `"${text}" is no path: write it like body.items[].sku, body.items[0].sku or headers["x-id"].`,
    );
  const [first, second, ...rest] = path;
  if (!MEMBERS.some((member) => member === first))
    throw invalid(
      loc,
      `A path begins with a member of the event, not with "${String(first)}": body.${text}, or one of ${MEMBERS.slice(0, 6).join(', ')} ….`,
    );
  // Names of headers have no case.
  return first === 'headers' && typeof second === 'string' ? [first, second.toLowerCase(), ...rest] : path;
}

/** Parts of texts are looked for as they are written. */
function comparedWith(text: string, op: SearchOperator): SearchValue {
  if (text.length >= 2 && text.startsWith('"') && text.endsWith('"'))
    return text.slice(1, -1).replaceAll(/\\(.)/g, '$1');
  if (op === 'contains' || op === 'startsWith') return text;
  if (Object.hasOwn(WORDS, text)) return WORDS[text]!;
  return NUMBER.test(text) && !isInexact(text, op) ? Number(text) : text;
}

/**
 * An integer that no number holds, as ids of some services are: a document has its digits as a text, and equal are equal
 * digits. And what is beyond every number, which a stored query could not say.
 */
function isInexact(text: string, op: SearchOperator): boolean {
  const value = Number(text);
  return !Number.isFinite(value) || (!isOrdered(op) && /^-?\d+$/.test(text) && !Number.isSafeInteger(value));
}

function isOrdered(op: SearchOperator): boolean {
  return op === '<' || op === '<=' || op === '>' || op === '>=';
}
