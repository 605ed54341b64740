/** Checks a value against a compiled TypeBox shape; what is wrong becomes one Problem with every wrong field. */
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Settings } from 'typebox/system';
import { type FieldError, Problem } from '../core/problem.ts';
import { fieldErrors, type Mismatch } from './field-errors.ts';

/** Items of one list that are looked at to explain a refusal: more than any shape allows in a list. */
const LIST_ITEMS_EXPLAINED_MAX = 10_001;

/** Mismatches that are looked at: a union of all kinds of source reports one for each. TypeBox stops after 8. */
Settings.Set({ maxErrors: 64 });

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
    const errors = fieldErrors(mismatches, shape, where);
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
