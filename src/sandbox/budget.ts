/** Bounds on one evaluation. A unit is about 100 ns on a slow core, so that the whole is about 200 ms. */
import { Failure } from './failure.ts';

export const UNITS_MAX = 2_000_000;
/** Texts that an expression makes, in UTF-16 units. */
export const TEXT_MAX = 16 * 1024 * 1024;
/** Lists that an expression makes. */
export const ITEMS_MAX = 100_000;
/** Nesting of values that are compared, written or read. */
export const DEPTH_MAX = 200;
/** An error costs about 10 µs to make; quantifiers swallow and count on. */
export const ERROR_UNITS = 100;

/** Keys of a large object are slow to list. */
const KEY_UNITS = 4;
/** Characters that a native search, copy or comparison passes in one unit. */
const CHARS_PER_UNIT = 64;

export class Budget {
  #left = UNITS_MAX;

  refill(): void {
    this.#left = UNITS_MAX;
  }

  spend(units: number): void {
    this.#left -= units;
    if (this.#left < 0)
      throw new Failure('limit', 'does too much work; use fewer or shorter lists and texts');
  }

  /** For an operation that passes over a value's own extent, not over what is inside its items. */
  spendShallow(value: unknown): void {
    if (typeof value === 'string') this.spend(value.length / CHARS_PER_UNIT);
    else if (typeof value === 'object' && value !== null) this.spend(extentOf(value));
  }

  /** For an operation that may pass over everything inside. */
  spendDeep(value: unknown, depth = 0): void {
    this.spend(1);
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) this.spendShallow(value);
    else if (depth > DEPTH_MAX)
      throw new Failure('limit', `compares values nested more than ${DEPTH_MAX} deep`);
    else {
      const units = Array.isArray(value) ? 1 : KEY_UNITS;
      for (const item of itemsOf(value)) {
        this.spend(units);
        this.spendDeep(item, depth + 1);
      }
    }
  }
}

function itemsOf(value: object): Iterable<unknown> {
  if (Array.isArray(value)) return value;
  return value instanceof Map ? value.values() : Object.values(value);
}

function extentOf(value: object): number {
  if (Array.isArray(value)) return value.length;
  if (ArrayBuffer.isView(value)) return value.byteLength / CHARS_PER_UNIT;
  if (value instanceof Map) return value.size;
  return Object.keys(value).length * KEY_UNITS;
}

/** A text that an operation is about to make. */
export function boundText(length: number): void {
  if (length > TEXT_MAX) throw new Failure('limit', `makes a text of more than ${TEXT_MAX} characters`);
}

export function boundItems(length: number): void {
  if (length > ITEMS_MAX) throw new Failure('limit', `makes a list of more than ${ITEMS_MAX} items`);
}
