/** What an item is, short: equal for equal JSON whatever the order of its members, and blind to what is ignored. */
import { createHash } from 'node:crypto';
import { Trouble } from '../asking/trouble.ts';

const DEPTH_MAX = 200;
/** 128 bits: nobody gains by finding two items that look the same to us. */
const DIGEST_BYTES = 16;

export function digest(text: string): string {
  return createHash('sha256').update(text).digest().subarray(0, DIGEST_BYTES).toString('base64url');
}

/** `ignored`: paths as steps. */
export function fingerprint(value: unknown, ignored: readonly (readonly string[])[]): string {
  return digest(canonical(value, ignored, 0));
}

function canonical(value: unknown, ignored: readonly (readonly string[])[], depth: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (depth >= DEPTH_MAX) throw new Trouble(`The answer nests deeper than ${DEPTH_MAX} levels`);
  const below = (name: string): readonly (readonly string[])[] =>
    ignored.length === 0
      ? ignored
      : ignored.filter((steps) => steps[0] === name && steps.length > 1).map((steps) => steps.slice(1));
  if (Array.isArray(value))
    return `[${value.map((one, at) => canonical(one, below(String(at)), depth + 1)).join(',')}]`;
  const members = Object.entries(value)
    .filter(([name]) => !ignored.some((steps) => steps.length === 1 && steps[0] === name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, one]) => `${JSON.stringify(name)}:${canonical(one, below(name), depth + 1)}`);
  return `{${members.join(',')}}`;
}
