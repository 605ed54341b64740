/**
 * The values of an event document, and what each of them means. Of JSON a value is what it is; a query, headers, forms,
 * XML, CSV, mails and texts only have texts, which mean what one asks for: `amount=5` holds the text 5 and the number 5.
 */
import { isObject } from '../is-object.ts';
import type { EventDocument, ParsedBody } from '../received/event-document.ts';
import type { SearchPath, SearchStep, SearchValue } from './filter.ts';

export interface Searched {
  readonly document: EventDocument;
  /** How the body was read. */
  readonly format: ParsedBody['format'];
}

const TYPED_FORMATS: ReadonlySet<string> = new Set(['json', 'ndjson', 'jwt', 'none', 'raw']);

/** Whether texts under a member of the document stand for other types as well. */
export function isUntyped(member: string, format: ParsedBody['format']): boolean {
  return member === 'query' || member === 'headers' || (member === 'body' && !TYPED_FORMATS.has(format));
}

/** One way to read each digit: a stranger's text of a million digits is not tried in a million ways. */
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
const BOOLEANS: Readonly<Record<string, boolean>> = {
  ...{ true: true, '1': true, yes: true, on: true },
  ...{ false: false, '0': false, no: false, off: false },
};

/** undefined = the text is none. */
export function numberIn(text: string): number | undefined {
  const trimmed = text.trim();
  return NUMBER.test(trimmed) ? Number(trimmed) : undefined;
}

export function booleanIn(text: string): boolean | undefined {
  const word = text.trim().toLowerCase();
  return Object.hasOwn(BOOLEANS, word) ? BOOLEANS[word] : undefined;
}

/** What the value is for somebody who asks with a value of type `wanted`; undefined = nothing of that type. */
export function asTypeOf(value: unknown, wanted: SearchValue, untyped: boolean): SearchValue | undefined {
  const type = wanted === null ? 'null' : typeof wanted;
  if ((value === null ? 'null' : typeof value) === type) return value as SearchValue;
  if (!untyped || typeof value !== 'string') return undefined;
  if (type === 'number') return numberIn(value);
  return type === 'boolean' ? booleanIn(value) : undefined;
}

const NEVER: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
/** A path gives so many values at most. */
const VALUES_MAX = 20_000;

/** Every value at a path; a list at its end also gives its elements. Own members only. */
export function valuesAt(document: EventDocument, path: SearchPath): readonly unknown[] {
  let values: unknown[] = [document];
  for (const step of path) values = each(values, (value) => valuesOf(value, step));
  return each(values, (value) => (Array.isArray(value) ? [value, ...value.slice(0, VALUES_MAX)] : [value]));
}

function valuesOf(value: unknown, step: SearchStep): readonly unknown[] {
  if (Array.isArray(value)) {
    if (step === null) return value;
    return typeof step === 'number' && step < value.length ? [value[step]] : [];
  }
  if (typeof step !== 'string' || !isObject(value) || NEVER.has(step) || !Object.hasOwn(value, step))
    return [];
  return [value[step]];
}

function each(values: readonly unknown[], of: (value: unknown) => readonly unknown[]): unknown[] {
  const found: unknown[] = [];
  for (const value of values) {
    for (const one of of(value)) {
      if (found.length === VALUES_MAX) return found;
      found.push(one);
    }
  }
  return found;
}

/** Members of a document that are found in other ways: nobody has to pay for their terms. */
export const UNINDEXED: ReadonlySet<string> = new Set(['id', 'receivedAt', 'size']);
/** Members without words: theirs would drown those of the payload. */
export const WITHOUT_WORDS: ReadonlySet<string> = new Set([
  ...UNINDEXED,
  ...['headers', 'source', 'method', 'via', 'contentType', 'peer'],
]);
