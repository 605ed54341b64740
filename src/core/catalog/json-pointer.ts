/** JSON values and the references between parts of one document (RFC 6901 pointers in `$ref`). */
import { invalid } from '../problem.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [member: string]: Json | undefined;
}

/** References that lead to references, at most. */
const CHAIN_MAX = 100;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An own member, never one of Object.prototype's. */
export function memberOf(holder: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(holder, name) ? holder[name] : undefined;
}

/** The value itself, or what its `$ref` (and the next one's …) points to inside the document. */
export function resolvePointer(document: JsonObject, value: Json | undefined): Json | undefined {
  let current = value;
  for (let hop = 0; hop < CHAIN_MAX; hop++) {
    if (!isObject(current)) return current;
    const ref = memberOf(current, '$ref');
    if (typeof ref !== 'string' || !ref.startsWith('#')) return current;
    current = atPointer(document, ref);
  }
  throw invalid(['body', 'spec'], 'A chain of $ref in the spec never ends: point it at a definition.');
}

/** What a local reference such as `#/components/schemas/User` names. */
export function atPointer(document: JsonObject, ref: string): Json {
  let current: Json | undefined = document;
  for (const segment of pointerSegments(ref)) {
    if (Array.isArray(current)) current = current[Number(segment)] as Json | undefined;
    else current = isObject(current) ? memberOf(current, segment) : undefined;
  }
  if (current === undefined) {
    throw invalid(
      ['body', 'spec'],
      `The spec refers to ${JSON.stringify(ref)}, which it does not define: add it.`,
    );
  }
  return current;
}

/** `#/a~1b/c%20d` is `['a/b', 'c d']`; `#` is the whole document. */
export function pointerSegments(ref: string): readonly string[] {
  const path = ref.replace(/^#\/?/, '');
  if (path === '') return [];
  return path.split('/').map((segment) => decode(segment).replaceAll('~1', '/').replaceAll('~0', '~'));
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw invalid(
      ['body', 'spec'],
      `A $ref in the spec has a bad percent escape: ${JSON.stringify(segment)}.`,
    );
  }
}
