/** What TypeBox says about a value that does not fit, as the few sentences that a person can act on. */
import type { TSchema } from 'typebox';
import { closestName } from '../core/closest-name.ts';
import type { FieldError } from '../core/problem.ts';

/** Wrong fields that one answer names at most. */
export const FIELD_ERRORS_MAX = 20;

/** Names longer than this are cut where a sentence repeats them. */
const NAME_CHARS_SHOWN = 100;

/** What TypeBox says about one mismatch (JSON Schema's vocabulary). */
export interface Mismatch {
  readonly keyword: string;
  readonly schemaPath: string;
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
}

export function fieldErrors(
  all: readonly Mismatch[],
  shape: TSchema,
  where: 'query' | 'body',
): readonly FieldError[] {
  // A member that must not be there is told by its object, with what it could have been.
  const mismatches = ofMeantBranches(all).filter(({ keyword }) => keyword !== 'boolean');
  const isStranger = ({ keyword }: Mismatch) => keyword === 'additionalProperties';
  const strangers = mismatches.filter(isStranger).flatMap((one) => strangersOf(one, shape, where));
  const byPath = new Map<string, Mismatch[]>();
  for (const mismatch of mismatches) {
    if (isStranger(mismatch)) continue;
    const known = byPath.get(mismatch.instancePath);
    if (known === undefined) byPath.set(mismatch.instancePath, [mismatch]);
    else known.push(mismatch);
  }
  const others = [...byPath.values()].flatMap((group) => describe(group, where));
  return [...strangers, ...others].slice(0, FIELD_ERRORS_MAX);
}

/**
 * A union reports each of its branches. Those that the value was not meant for (its `kind` is another's, it is another
 * JSON type) are left out; where it was meant for none, its `kind` is what is wrong.
 */
function ofMeantBranches(all: readonly Mismatch[]): readonly Mismatch[] {
  let left = all;
  for (const union of all.filter(({ keyword }) => keyword === 'anyOf')) {
    const prefix = `${union.schemaPath}/anyOf/`;
    const branchOf = ({ schemaPath }: Mismatch) =>
      schemaPath.startsWith(prefix) ? schemaPath.slice(prefix.length).split('/')[0] : undefined;
    const isKind = (one: Mismatch) =>
      one.keyword === 'const' && parentOf(one.instancePath) === union.instancePath;
    const isTypeOfAll = (one: Mismatch) => one.keyword === 'type' && one.instancePath === union.instancePath;
    const inside = left.filter((one) => branchOf(one) !== undefined);
    const notMeant = new Set(inside.filter((one) => isKind(one) || isTypeOfAll(one)).map(branchOf));
    if (inside.some((one) => !notMeant.has(branchOf(one))))
      left = left.filter((one) => one !== union && !notMeant.has(branchOf(one)));
    else if (inside.some(isKind))
      left = left.filter((one) => one !== union && (branchOf(one) === undefined || isKind(one)));
  }
  return left;
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function strangersOf(one: Mismatch, shape: TSchema, where: string): FieldError[] {
  const known = Object.keys(membersAt(shape, one.schemaPath));
  const { additionalProperties } = one.params as { additionalProperties: readonly string[] };
  return additionalProperties.map((name) => ({
    loc: [where, ...pointerParts(one.instancePath), name.slice(0, NAME_CHARS_SHOWN)],
    msg: noSuchMember(name, known, where === 'query' ? 'parameter' : 'member'),
    type: 'value_error',
  }));
}

/** One sentence: what is not there, and what was probably meant. */
export function noSuchMember(name: string, known: readonly string[], what: string): string {
  const close = closestName(name.slice(0, NAME_CHARS_SHOWN), known);
  const remedy = close === undefined ? `use one of ${known.join(', ')}.` : `did you mean "${close}"?`;
  return `There is no ${what} "${name.slice(0, NAME_CHARS_SHOWN)}"; ${remedy}`;
}

function membersAt(shape: TSchema, schemaPath: string): object {
  const node = pointerParts(schemaPath.replace(/^#/, '')).reduce<unknown>(
    (at, name) => (at as Record<string, unknown> | undefined)?.[name],
    shape,
  );
  return (node as { properties?: object } | undefined)?.properties ?? {};
}

/** Of several complaints about one place: keep what a person can act on. */
function describe(group: readonly Mismatch[], where: string): FieldError[] {
  const path = group[0]!.instancePath;
  const loc = [where, ...pointerParts(path)];
  const allowed = group.filter((one) => one.keyword === 'const').map((one) => literalOf(one));
  if (allowed.length > 0) {
    const msg = `Must be one of: ${[...new Set(allowed)].join(', ')}.`;
    return [{ loc, msg, type: 'value_error.jsondecode' }];
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
