/** Between JSON and the engine's values, both ways. */
import { DEPTH_MAX, TEXT_MAX } from './budget.ts';
import { Failure } from './failure.ts';

/** What is counted for a value beside its texts. */
const VALUE_CHARS = 8;

/**
 * The engine takes an object for a plain one by its `constructor`, which a sender may use as a key. Objects that have it
 * become Maps; others are given as they are.
 */
export function guardConstructors(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEPTH_MAX) throw new Failure('limit', `the document is nested more than ${DEPTH_MAX} deep`);
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined;
    for (let at = 0; at < value.length; at++) {
      const item: unknown = value[at];
      if (typeof item !== 'object' || item === null) continue;
      const safe = guardConstructors(item, depth + 1);
      if (safe === item) continue;
      copy ??= [...value];
      copy[at] = safe;
    }
    return copy ?? value;
  }
  return guardObject(value as Record<string, unknown>, depth);
}

function guardObject(value: Record<string, unknown>, depth: number): unknown {
  let copy: Map<string, unknown> | undefined;
  if (Object.hasOwn(value, 'constructor')) copy = new Map(Object.entries(value));
  for (const key of Object.keys(value)) {
    const item = value[key];
    if (typeof item !== 'object' || item === null) continue;
    const safe = guardConstructors(item, depth + 1);
    if (safe === item) continue;
    copy ??= new Map(Object.entries(value));
    copy.set(key, safe);
  }
  return copy ?? value;
}

/**
 * The JSON value of an engine's value, as CEL maps them: integers that a double cannot hold, durations and bytes (base64)
 * as text, timestamps as RFC 3339. What is JSON already is given back as it is. Failure when larger than `charsMax`.
 */
export function toJson(value: unknown, charsMax = TEXT_MAX): unknown {
  let chars = 0;
  const count = (more: number): void => {
    chars += more;
    if (chars > charsMax) throw new Failure('limit', `the result is larger than ${charsMax} characters`);
  };
  const list = (items: readonly unknown[], depth: number): unknown => {
    let copy: unknown[] | undefined;
    for (let at = 0; at < items.length; at++) {
      const made = visit(items[at], depth + 1);
      if (made === items[at]) continue;
      copy ??= [...items];
      copy[at] = made;
    }
    return copy ?? items;
  };
  const object = (from: object, depth: number): unknown => {
    const entries = from instanceof Map ? [...from] : Object.entries(from);
    let changed = from instanceof Map;
    for (const entry of entries) {
      count(String(entry[0]).length);
      const made = visit(entry[1], depth + 1);
      if (made === entry[1]) continue;
      entry[1] = made;
      changed = true;
    }
    return changed ? Object.fromEntries(entries) : from;
  };
  const visit = (item: unknown, depth: number): unknown => {
    count(typeof item === 'string' ? item.length : VALUE_CHARS);
    if (typeof item !== 'object' || item === null) return scalar(item);
    if (depth > DEPTH_MAX) throw new Failure('limit', `the result is nested more than ${DEPTH_MAX} deep`);
    if (Array.isArray(item)) return list(item, depth);
    return isPlain(item) ? object(item, depth) : special(item);
  };
  return visit(value, 0);
}

/** Fields of an event that are called `constructor` have become Maps, so the prototype tells. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || value instanceof Map;
}

function scalar(value: unknown): unknown {
  if (typeof value === 'bigint') return integer(value);
  if (typeof value !== 'number' || Number.isFinite(value)) return value;
  return String(value);
}

function integer(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

function special(value: object): unknown {
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  const primitive: unknown = value.valueOf();
  if (typeof primitive === 'bigint') return integer(primitive);
  if ('name' in value && typeof value.name === 'string') return value.name;
  return String(value);
}

/** How a value stands in a text: texts as they are, nothing for null, objects and lists as JSON. */
export function toText(value: unknown, charsMax: number): string {
  const json = toJson(value, charsMax);
  if (typeof json === 'string') return json;
  if (json === null) return '';
  return typeof json === 'object' ? JSON.stringify(json) : String(json);
}
