/**
 * Terms: what an index holds of an event, as 48-bit hashes. Made of every `path = value` (positions in lists are left
 * out), of every path that is there, and of every word. Two things may have one hash, so what an index finds is looked
 * at again (`matches.ts`); what it does not find is not there.
 */
import { isObject } from '../is-object.ts';
import {
  type PathCondition,
  pathConditionsOf,
  type SearchFilter,
  type SearchPath,
  type SearchValue,
} from './filter.ts';
import { normalForm } from './normal-form.ts';
import { booleanIn, isUntyped, numberIn, type Searched, UNINDEXED, WITHOUT_WORDS } from './values.ts';
import { askedText, piecesOf, wordsOf } from './words.ts';

/** Terms that are kept of one event. A large document of a shop or a code host has 300 to 800. */
export const EVENT_TERMS_MAX = 1024;
/** Terms that one filter asks for at most; the rest is left to the second look. */
const FILTER_TERMS_MAX = 16;
/** `path = value` of longer texts is no term; counted in the normal form in which texts are compared. */
const VALUE_CHARS_MAX = 256;
/** A text has at most so many times the units of its normal form (Unicode FAQ, "Normalization"). */
const NORMAL_FORM_TIMES = 4;
/** Values that are looked at, also where all are the same; a document with more has more terms than are kept. */
const VALUES_MAX = 50_000;
/** Words of a text are taken from so much of it; one that goes on has more terms than are kept. */
const TEXT_CHARS_MAX = 32_768;

export interface EventTerms {
  /** Distinct. */
  readonly terms: readonly number[];
  /** There are more than are kept: the event must be a candidate of every query. */
  readonly overflows: boolean;
}

export function eventTerms(searched: Searched): EventTerms {
  const collector = new Collector();
  for (const [member, value] of Object.entries(searched.document)) {
    if (UNINDEXED.has(member)) continue;
    const untyped = isUntyped(member, searched.format);
    collector.add(value, { path: pathKey([member]), untyped, hasWords: !WITHOUT_WORDS.has(member) });
  }
  return collector.result();
}

/** The terms of all events that match; [] = every event may. */
export function termsOf(filter: SearchFilter): readonly number[] {
  const terms = new Set<number>();
  const { types, sourceIds, methods, verified } = filter;
  for (const [member, wanted] of Object.entries({ type: types, source: sourceIds, method: methods })) {
    if (wanted?.length === 1) terms.add(equals(pathKey([member]), wanted[0]!));
  }
  if (verified !== null) terms.add(equals(pathKey(['verified']), verified));
  const { words, phrases } = askedText(filter.text);
  for (const word of [...words, ...phrases.flat()]) terms.add(wordTerm(word));
  for (const condition of pathConditionsOf(filter)) {
    const term = termOfCondition(condition);
    if (term !== null) terms.add(term);
  }
  return [...terms].slice(0, FILTER_TERMS_MAX);
}

/** Every operator needs a value that is there; only equality says which. */
function termOfCondition({ path, op, value }: PathCondition): number | null {
  if (UNINDEXED.has(String(path[0]))) return null;
  const key = pathKey(path);
  return op === '=' && !isLong(value) ? equals(key, value) : exists(key);
}

function isLong(value: SearchValue): boolean {
  if (typeof value !== 'string') return false;
  if (value.length > VALUE_CHARS_MAX * NORMAL_FORM_TIMES) return true;
  return normalForm(value).length > VALUE_CHARS_MAX;
}

/** Names of members only: `items`, `items[]` and `items[3]` are one. */
function pathKey(path: SearchPath): string {
  return path.filter((step) => typeof step === 'string').join('\u0001');
}

const exists = (path: string): number => hash48(`?${path}`);
const wordTerm = (word: string): number => hash48(`w${word}`);

/** -0 is 0; texts are compared in one normal form. */
function equals(path: string, value: string | number | boolean | null): number {
  if (typeof value === 'string') return hash48(`=${path}\u0000s${normalForm(value)}`);
  return hash48(`=${path}\u0000${typeof value}${typeof value === 'number' ? value + 0 : value}`);
}

interface Place {
  readonly path: string;
  readonly untyped: boolean;
  readonly hasWords: boolean;
}

class Collector {
  readonly #terms = new Set<number>();
  #overflows = false;
  #values = 0;

  result(): EventTerms {
    return { terms: this.#overflows ? [] : [...this.#terms], overflows: this.#overflows };
  }

  add(value: unknown, place: Place): void {
    if (++this.#values > VALUES_MAX) this.#overflows = true;
    if (this.#overflows) return;
    this.#term(exists(place.path));
    if (Array.isArray(value)) for (const element of value) this.add(element, place);
    else if (isObject(value)) this.#members(value, place);
    else if (typeof value === 'string') this.#text(value, place);
    else if (typeof value === 'number') this.#number(value, place);
    else if (typeof value === 'boolean' || value === null) this.#term(equals(place.path, value));
  }

  #members(value: Record<string, unknown>, place: Place): void {
    for (const name of Object.keys(value)) {
      if (this.#overflows) return;
      this.add(value[name], { ...place, path: `${place.path}\u0001${name}` });
    }
  }

  #number(value: number, { path, hasWords }: Place): void {
    this.#term(equals(path, value));
    if (hasWords) for (const word of wordsOf(String(value))) this.#term(wordTerm(word));
  }

  #text(value: string, { path, untyped, hasWords }: Place): void {
    if (!isLong(value)) this.#term(equals(path, value));
    if (untyped) this.#meanings(value, path);
    if (!hasWords) return;
    if (value.length > TEXT_CHARS_MAX) this.#overflows = true;
    else this.#words(value);
  }

  #words(value: string): void {
    for (const piece of piecesOf(value)) for (const word of wordsOf(piece)) this.#term(wordTerm(word));
  }

  #meanings(value: string, path: string): void {
    const number = numberIn(value);
    if (number !== undefined) this.#term(equals(path, number));
    const boolean = booleanIn(value);
    if (boolean !== undefined) this.#term(equals(path, boolean));
  }

  #term(term: number): void {
    if (this.#overflows) return;
    this.#terms.add(term);
    if (this.#terms.size > EVENT_TERMS_MAX) this.#overflows = true;
  }
}

/** Two rounds of multiply and xor over the text's units, cut to 48 bits. Good spread, no secret. */
function hash48(text: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x9e3779b1);
    low = Math.imul(low ^ unit, 0x5f356495);
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  return ((high >>> 0) & 0xffff) * 2 ** 32 + (low >>> 0);
}
