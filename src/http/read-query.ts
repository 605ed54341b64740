/**
 * Query strings are text; this turns them into what an operation's query shape expects. A value that cannot be read
 * as its type is 400 (malformed), one that breaks a constraint is 422 (check-shape.ts): as the compatible API does.
 */
import type { TSchema } from 'typebox';
import { invalid, Problem } from '../core/problem.ts';
import { noSuchMember } from './field-errors.ts';

export type QueryText = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What of a JSON Schema this file looks at. */
interface Node {
  readonly type?: string;
  readonly const?: unknown;
  readonly anyOf?: readonly Node[];
  readonly items?: Node;
  /** Commas are part of the items: each is a parameter of its own. */
  readonly 'x-undivided'?: boolean;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: boolean;
}

interface Parameter {
  readonly name: string;
  readonly isList: boolean;
  readonly isUndivided: boolean;
  readonly read: (text: string) => unknown;
  readonly expected: string;
}

/** Returns a reader for one query shape; parameters that it does not name are ignored, unless the shape is strict. */
export function queryReader(shape: TSchema): (query: QueryText) => Record<string, unknown> {
  const parameters = Object.entries((shape as Node).properties ?? {}).map(([name, node]) =>
    parameter(name, node),
  );
  const isStrict = (shape as Node).additionalProperties === false;
  const names = parameters.map(({ name }) => name);
  return (query) => {
    if (isStrict) refuseOthers(query, names);
    const values: Record<string, unknown> = {};
    for (const one of parameters) {
      const texts = textsOf(query, one.name);
      if (texts === undefined) continue;
      values[one.name] = one.isList ? readList(one, texts) : readOne(one, texts.at(-1)!);
    }
    return values;
  };
}

function refuseOthers(query: QueryText, names: readonly string[]): void {
  const other = Object.keys(query).find((name) => !names.includes(name.replace(/\[\]$/, '')));
  if (other !== undefined) throw invalid(['query', other], noSuchMember(other, names, 'parameter'));
}

function parameter(name: string, node: Node): Parameter {
  const core = withoutNull(node);
  const isList = core.type === 'array';
  const isUndivided = core['x-undivided'] === true;
  return { name, isList, isUndivided, ...reader(isList ? withoutNull(core.items ?? {}) : core) };
}

function withoutNull(node: Node): Node {
  const rest = node.anyOf?.filter((branch) => branch.type !== 'null');
  if (rest === undefined) return node;
  return rest.length === 1 ? rest[0]! : { anyOf: rest };
}

function reader(node: Node): Pick<Parameter, 'read' | 'expected'> {
  const literals = (node.anyOf ?? [node])
    .filter((branch) => branch.const !== undefined)
    .map((branch) => branch.const);
  if (literals.length > 0) {
    const expected = `one of ${literals.map(String).join(', ')}`;
    return { read: (text) => literals.find((literal) => String(literal) === text), expected };
  }
  if (node.type === 'integer' || node.type === 'number') return { read: readNumber, expected: 'a number' };
  if (node.type === 'boolean') return { read: readBoolean, expected: 'true or false' };
  return { read: (text) => text, expected: 'text' };
}

function readNumber(text: string): number | undefined {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

function readBoolean(text: string): boolean | undefined {
  if (text === 'true') return true;
  return text === 'false' ? false : undefined;
}

/** `a=1&a=2`, `a=1,2` and `a[]=1&a[]=2` all mean the same. */
function textsOf(query: QueryText, name: string): readonly string[] | undefined {
  const plain = query[name];
  const bracketed = query[`${name}[]`];
  if (plain === undefined && bracketed === undefined) return undefined;
  return [plain ?? [], bracketed ?? []].flat();
}

function readList(one: Parameter, texts: readonly string[]): unknown[] {
  return texts
    .flatMap((text) => (one.isUndivided ? text : text.split(',')))
    .filter((text) => text !== '')
    .map((text) => readOne(one, text));
}

function readOne(one: Parameter, text: string): unknown {
  const value = one.read(text);
  if (value === undefined) {
    throw new Problem('generic_error', `The query parameter "${one.name}" must be ${one.expected}.`);
  }
  return value;
}
