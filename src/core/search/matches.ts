/** The second look at a candidate: whether a received event is what somebody asked for. Rules of types are in values.ts. */
import { isObject } from '../is-object.ts';
import { type PathCondition, pathConditionsOf, type SearchFilter, type SearchValue } from './filter.ts';
import { normalForm } from './normal-form.ts';
import { asTypeOf, isUntyped, type Searched, valuesAt, WITHOUT_WORDS } from './values.ts';
import { askedText, piecesOf, wordsOf } from './words.ts';

export function matches(searched: Searched, filter: SearchFilter): boolean {
  const { document } = searched;
  return (
    isOneOf(document.type, filter.types) &&
    isOneOf(document.source, filter.sourceIds) &&
    isOneOf(document.method, filter.methods) &&
    (filter.verified === null || document.verified === filter.verified) &&
    pathConditionsOf(filter).every((condition) => holds(searched, condition)) &&
    hasText(searched, filter.text)
  );
}

function isOneOf(value: string, wanted: readonly string[] | null): boolean {
  return wanted === null || wanted.length === 0 || wanted.includes(value);
}

/** One of the values at the path must do; `!=` says that there are some and none is equal. */
function holds({ document, format }: Searched, { path, op, value }: PathCondition): boolean {
  const values = valuesAt(document, path);
  if (op === 'exists' || values.length === 0) return values.length > 0;
  const untyped = isUntyped(String(path[0]), format);
  const test = (found: unknown): boolean => {
    const own = asTypeOf(found, value, untyped);
    return own !== undefined && compares(own, op, value);
  };
  if (op !== '!=') return values.some(test);
  return !values.some((found) => {
    const own = asTypeOf(found, value, untyped);
    return own !== undefined && compares(own, '=', value);
  });
}

/** Both are of one type. Order is of numbers and texts only. */
function compares(own: SearchValue, op: PathCondition['op'], wanted: SearchValue): boolean {
  if (typeof own === 'string' && typeof wanted === 'string') {
    return comparesTexts(normalForm(own), op, normalForm(wanted));
  }
  if (op === '=') return own === wanted;
  return typeof own === 'number' && typeof wanted === 'number' && isInOrder(own - wanted, op);
}

function comparesTexts(own: string, op: PathCondition['op'], wanted: string): boolean {
  if (op === '=') return own === wanted;
  if (op === 'contains') return own.includes(wanted);
  if (op === 'startsWith') return own.startsWith(wanted);
  return isInOrder(orderOf(own, wanted), op);
}

function isInOrder(difference: number, op: PathCondition['op']): boolean {
  if (op === '<') return difference < 0;
  if (op === '<=') return difference <= 0;
  if (op === '>') return difference > 0;
  return op === '>=' && difference >= 0;
}

/** By code point. */
function orderOf(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = rank(a.charCodeAt(i)) - rank(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Surrogates stand for what comes after every other unit. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

function hasText(searched: Searched, text: string): boolean {
  const { words, phrases } = askedText(text);
  if (words.length + phrases.length === 0) return true;
  const missing = new Set(words);
  const wanted = new Set(phrases.map((phrase) => ` ${phrase.join(' ')} `));
  const longest = Math.max(1, ...phrases.map((phrase) => phrase.length));
  for (const value of textsOf(searched.document)) {
    // What a phrase may have begun with in the piece before.
    let before: readonly string[] = [];
    for (const piece of piecesOf(value)) {
      const found = wordsOf(piece);
      for (const word of found) missing.delete(word);
      if (wanted.size > 0) {
        const all = [...before, ...found];
        const line = ` ${all.join(' ')} `;
        for (const phrase of wanted) if (line.includes(phrase)) wanted.delete(phrase);
        before = all.slice(Math.max(0, all.length - longest + 1));
      }
      if (missing.size + wanted.size === 0) return true;
    }
  }
  return false;
}

/** Every text and number in the members whose words count. */
function* textsOf(document: object): Generator<string> {
  for (const [member, value] of Object.entries(document)) {
    if (!WITHOUT_WORDS.has(member)) yield* textsIn(value);
  }
}

function* textsIn(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'number') yield String(value);
  else if (Array.isArray(value)) for (const element of value) yield* textsIn(element);
  else if (isObject(value)) for (const name of Object.keys(value)) yield* textsIn(value[name]);
}
