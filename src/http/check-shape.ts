/** Checks a value against a compiled TypeBox shape; what is wrong becomes one Problem with every wrong field. */
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { type FieldError, Problem } from '../core/problem.ts';

/** Wrong fields that one answer names at most. */
export const FIELD_ERRORS_MAX = 20;

/** Items of one list that are looked at to explain a refusal: more than any shape allows in a list. */
const LIST_ITEMS_EXPLAINED_MAX = 10_001;

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
  let explainer: typeof validator | undefined;
  return (whole) => {
    if (validator.Check(whole)) return;
    const value = shortened(whole);
    // TypeBox lists repeated items in time that grows with the square of their number: a megabyte of them would stop
    // the process for minutes. So they are looked for last, when nothing else is wrong and the list is short enough.
    explainer ??= Compile(withoutUniqueItems(shape));
    const others = explainer.Errors(value) as readonly Mismatch[];
    const mismatches = others.length > 0 ? others : (validator.Errors(value) as readonly Mismatch[]);
    const errors = toFieldErrors(mismatches, where);
    const first = errors[0];
    const detail = first === undefined ? `The ${where} does not have the documented shape.` : sentence(first);
    throw new Problem('validation', detail, { errors });
  };
}

/** The value with its endless lists cut: explaining costs a hundred times what checking does. */
function shortened(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, LIST_ITEMS_EXPLAINED_MAX).map(shortened);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shortened(member)]));
}

/** A copy with TypeBox's own marks, which do not enumerate. */
function withoutUniqueItems<Node>(node: Node): Node {
  if (Array.isArray(node)) return node.map((item) => withoutUniqueItems(item)) as Node;
  if (typeof node !== 'object' || node === null) return node;
  const members = Object.entries(Object.getOwnPropertyDescriptors(node))
    .filter(([name]) => name !== 'uniqueItems')
    .map(([name, member]) => [name, { ...member, value: withoutUniqueItems(member.value as unknown) }]);
  return Object.defineProperties({}, Object.fromEntries(members)) as Node;
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
