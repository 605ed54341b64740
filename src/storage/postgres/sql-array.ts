/**
 * One-dimensional arrays as the server receives them in binary (array_recv): nothing is escaped, and reading a number
 * costs it a fraction of parsing one. A Buffer as a parameter is what makes `pg` send it so.
 *
 *   dimensions, hasNulls, type of the elements, size, lower bound, then each element: length (-1 = NULL), bytes
 */
const INT2 = 21;
const INT4 = 23;
const INT8 = 20;
const TEXT = 25;
const BYTEA = 17;
const HEADER_BYTES = 20;
const LENGTH_BYTES = 4;
const WORD = 2 ** 32;

type Nullable<T> = readonly (T | null)[];

/** smallint[]. */
export function int2s(values: Nullable<number>): Buffer {
  return numbers(values, INT2, 2);
}

/** integer[]. */
export function int4s(values: Nullable<number>): Buffer {
  return numbers(values, INT4, 4);
}

/** bigint[], of numbers within ±2^53. */
export function int8s(values: Nullable<number>): Buffer {
  return numbers(values, INT8, 8);
}

/** text[]. What is not well-formed goes as U+FFFD; U+0000 is refused by the server. */
export function texts(values: Nullable<string>): Buffer {
  let bytes = HEADER_BYTES;
  for (const value of values) bytes += LENGTH_BYTES + (value === null ? 0 : Buffer.byteLength(value));
  const array = headed(bytes, values, TEXT);
  let at = HEADER_BYTES;
  for (const value of values) {
    const length = value === null ? 0 : array.write(value, at + LENGTH_BYTES);
    at = array.writeInt32BE(value === null ? -1 : length, at) + length;
  }
  return array;
}

/** bytea[]. */
export function byteas(values: Nullable<Uint8Array>): Buffer {
  let bytes = HEADER_BYTES;
  for (const value of values) bytes += LENGTH_BYTES + (value?.byteLength ?? 0);
  const array = headed(bytes, values, BYTEA);
  let at = HEADER_BYTES;
  for (const value of values) {
    at = array.writeInt32BE(value?.byteLength ?? -1, at);
    if (value !== null) array.set(value, at);
    at += value?.byteLength ?? 0;
  }
  return array;
}

function numbers(values: Nullable<number>, type: number, width: 2 | 4 | 8): Buffer {
  const nulls = values.includes(null) ? values.filter((value) => value === null).length : 0;
  const bytes = HEADER_BYTES + values.length * (LENGTH_BYTES + width) - nulls * width;
  const array = headed(bytes, values, type);
  let at = HEADER_BYTES;
  for (const value of values) {
    at = array.writeInt32BE(value === null ? -1 : width, at);
    if (value === null) continue;
    if (width === 8) {
      array.writeInt32BE(Math.floor(value / WORD), at);
      array.writeInt32BE(value | 0, at + 4);
    } else if (width === 4) array.writeInt32BE(value, at);
    else array.writeInt16BE(value, at);
    at += width;
  }
  return array;
}

function headed(bytes: number, values: Nullable<unknown>, type: number): Buffer {
  const array = Buffer.allocUnsafe(bytes);
  array.writeInt32BE(1, 0);
  array.writeInt32BE(values.includes(null) ? 1 : 0, 4);
  array.writeInt32BE(type, 8);
  array.writeInt32BE(values.length, 12);
  array.writeInt32BE(1, 16);
  return array;
}
