/** A kind's settings against their shape: what is wrong becomes one Problem that names the first wrong field. */
import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Problem } from '../core/problem.ts';

/** Settings are small; a shape bounds its lists, this bounds what is explained. */
const SETTINGS_CHARS_MAX = 100_000;

/** Returns a check that gives the settings their type, or throws Problem `validation` with `loc` under `body.input`. */
export function settingsCheck<Shape extends TSchema>(shape: Shape): (input: unknown) => Static<Shape> {
  const validator = Compile(shape);
  return (input) => {
    if (JSON.stringify(input ?? null).length > SETTINGS_CHARS_MAX)
      throw wrong([], 'The settings are too large.');
    if (validator.Check(input)) return input as Static<Shape>;
    const mismatches = validator.Errors(input) as readonly Mismatch[];
    throw mismatches[0] === undefined
      ? wrong([], 'The settings do not have the documented shape.')
      : refusal(mismatches[0], mismatches);
  };
}

/** A setting that the shape allows and the kind does not. `path` is below `input`. */
export function wrong(path: readonly (string | number)[], msg: string): Problem {
  const detail = `${['input', ...path].join('.')}: ${msg}`;
  return new Problem('validation', detail, {
    errors: [{ loc: ['body', 'input', ...path], msg, type: 'value_error' }],
  });
}

interface Mismatch {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
}

function refusal({ keyword, instancePath, params, message }: Mismatch, all: readonly Mismatch[]): Problem {
  const path = instancePath.split('/').slice(1).map(partOf);
  if (keyword === 'required') {
    const { requiredProperties } = params as { requiredProperties: readonly string[] };
    return wrong([...path, requiredProperties[0]!], 'This field is required.');
  }
  if (keyword === 'boolean') return wrong(path, 'There is no such setting.');
  const allowed = all.filter((one) => one.keyword === 'const' && one.instancePath === instancePath);
  if (allowed.length > 0) return wrong(path, `Must be one of: ${allowed.map(literalOf).join(', ')}.`);
  return wrong(path, `${message.charAt(0).toUpperCase()}${message.slice(1)}.`);
}

function literalOf({ params }: Mismatch): string {
  return JSON.stringify((params as { allowedValue: unknown }).allowedValue);
}

function partOf(part: string): string | number {
  return /^\d{1,9}$/.test(part) ? Number(part) : part.replaceAll('~1', '/').replaceAll('~0', '~');
}
