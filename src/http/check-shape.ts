/** Checks a value against a compiled TypeBox shape; what is wrong becomes one Problem with every wrong field. */
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { type FieldError, Problem } from '../core/problem.ts';

/** Wrong fields that one answer names at most. */
export const FIELD_ERRORS_MAX = 20;

/** What TypeBox says about one mismatch (JSON Schema's vocabulary). */
interface Mismatch {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
}

/** Returns a check that throws Problem('validation') unless the value fits. */
export function shapeCheck(shape: TSchema, where: 'query' | 'body'): (value: unknown) => void {
  const validator = Compile(shape);
  return (value) => {
    if (validator.Check(value)) return;
    const errors = toFieldErrors(validator.Errors(value) as readonly Mismatch[], where);
    const first = errors[0];
    const detail = first === undefined ? `The ${where} does not have the documented shape.` : sentence(first);
    throw new Problem('validation', detail, { errors });
  };
}

function sentence(error: FieldError): string {
  return `${error.loc.join('.')}: ${error.msg}`;
}

function toFieldErrors(mismatches: readonly Mismatch[], where: string): readonly FieldError[] {
  const byPath = new Map<string, Mismatch[]>();
  for (const mismatch of mismatches) {
    const known = byPath.get(mismatch.instancePath);
    if (known === undefined) byPath.set(mismatch.instancePath, [mismatch]);
    else known.push(mismatch);
  }
  return [...byPath.values()].flatMap((group) => describe(group, where)).slice(0, FIELD_ERRORS_MAX);
}

/** A union reports each of its branches: keep what a person can act on. */
function describe(group: readonly Mismatch[], where: string): FieldError[] {
  const path = group[0]!.instancePath;
  const loc = [where, ...pointerParts(path)];
  const allowed = group.filter((one) => one.keyword === 'const').map((one) => literalOf(one));
  if (allowed.length > 0) {
    return [{ loc, msg: `Must be one of: ${allowed.join(', ')}.`, type: 'value_error.jsondecode' }];
  }
  const telling = group.filter((one) => one.keyword !== 'anyOf' && !isNullBranch(one));
  const constraint = telling.find((one) => one.keyword !== 'type');
  const chosen = constraint ?? telling[0] ?? group[0]!;
  if (chosen.keyword !== 'required') return [{ loc, msg: message(chosen), type: typeOf(chosen) }];
  const missing = (chosen.params as { requiredProperties: readonly string[] }).requiredProperties;
  return missing.map((name) => ({
    loc: [...loc, name],
    msg: 'This field is required.',
    type: 'value_error.jsondecode',
  }));
}

function isNullBranch(one: Mismatch): boolean {
  return one.keyword === 'type' && (one.params as { type: unknown }).type === 'null';
}

function literalOf(one: Mismatch): string {
  return JSON.stringify((one.params as { allowedValue: unknown }).allowedValue);
}

/** A wrong JSON type is a decoding error on the compatible wire, a broken constraint is not. */
function typeOf(one: Mismatch): string {
  return one.keyword === 'type' ? 'value_error.jsondecode' : 'value_error';
}

function message(one: Mismatch): string {
  const params = one.params as { limit?: number; comparison?: string; pattern?: string };
  if (one.keyword === 'pattern') return `Must match the pattern ${params.pattern}`;
  return `${one.message.charAt(0).toUpperCase()}${one.message.slice(1)}.`;
}

function pointerParts(pointer: string): (string | number)[] {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d{1,9}$/.test(part) ? Number(part) : part));
}
