/** What a parsed expression reads, and what we refuse although it is CEL. */
import { type ASTNode, TypeError as CheckError, ParseError } from '@marcbachmann/cel-js';
import { closestName } from '../core/closest-name.ts';
import { Problem } from '../core/problem.ts';
import { DOCUMENT_MEMBERS, isRoot, membersBehind, ROOT_TYPES, type Root } from './document-roots.ts';
import { FUNCTIONS } from './function-names.ts';
import { functionFor, inWords, methodIn, nameFor, remedyAt } from './habits.ts';
import { checkPattern, REGEX_FUNCTIONS } from './regex-functions.ts';
import { isLoop, literalKey, nodesOf } from './syntax-tree.ts';

/** Loops in a loop: one. Three levels over 300 items would be 27 million rounds. */
const LOOPS_MAX = 2;

export interface Examined {
  readonly reads: ReadonlySet<string>;
  readonly roots: readonly Root[];
  readonly hasSecrets: boolean;
}

export function examine(root: ASTNode): Examined {
  const reads = new Set<string>();
  const roots = new Set<Root>();
  let hasSecrets = false;
  let before: ASTNode | undefined;
  for (const { node, loops } of nodesOf(root)) {
    if (isLoop(node) && loops >= LOOPS_MAX)
      refuse(
        node,
        'a loop in a loop in a loop',
        'use at most two of all, exists, exists_one, map, filter inside each other',
      );
    if (node.op === 'call' || node.op === 'rcall') {
      checkCall(node.args[0], node);
      if (node.args[0] === 'secret') hasSecrets = true;
    }
    checkVariable(node);
    if (node.op === 'id') {
      if (node.args === 'type')
        refuse(node, '"type" is a function of CEL', 'write event.type for the event’s type');
      if (isRoot(node.args)) roots.add(node.args);
      for (const member of membersRead(node.args, before)) reads.add(member);
    }
    lowerHeaderName(node);
    before = node;
  }
  return { reads, roots: [...roots], hasSecrets };
}

/** A tree is walked from the outside in: the node before `event` is the one that takes a member of it. */
function membersRead(name: string, before: ASTNode | undefined): readonly string[] {
  if (name !== 'event') return DOCUMENT_MEMBERS.has(name) && isRoot(name) ? membersBehind(name) : [];
  const member = before && memberOfEvent(before);
  if (member === undefined) return [...DOCUMENT_MEMBERS];
  if (DOCUMENT_MEMBERS.has(member)) return membersBehind(member);
  return refuse(before!, `an event has no "${member}"`, suggestion(member, DOCUMENT_MEMBERS, 'event.'));
}

function memberOfEvent(node: ASTNode): string | undefined {
  if (node.op !== '.' && node.op !== '[]') return undefined;
  const [object] = node.args;
  return object.op === 'id' && object.args === 'event' ? literalKey(node) : undefined;
}

function checkCall(name: string, node: ASTNode): void {
  if (name === 'matches')
    refuse(
      node,
      'matches() is not offered',
      'write text.re("pattern") or re(text, "pattern"), which take RE2 patterns',
    );
  if (!FUNCTIONS.has(name)) {
    const known = functionFor(name);
    const remedy = known === undefined ? suggestion(name, FUNCTIONS) : `write ${known}`;
    refuse(node, `there is no function ${name}()`, remedy);
  }
  if (name === 'json' && node.op === 'rcall')
    refuse(node, 'json() is no method', 'write json(x) or parseJson(text)');
  if (name === 'has') checkHas(node);
  if (!REGEX_FUNCTIONS.has(name)) return;
  const pattern = node.op === 'rcall' ? node.args[2][0] : node.op === 'call' ? node.args[1][1] : undefined;
  if (pattern?.op === 'value' && typeof pattern.args === 'string')
    checkPattern(pattern.args, `At ${positionOf(pattern.input, pattern.start)}`);
}

/** A loop's own variable may not hide a root: what is read could not be told. */
function checkVariable(node: ASTNode): void {
  if (!isLoop(node) && !(node.op === 'rcall' && node.args[0] === 'bind')) return;
  const [variable] = (node.args as [string, ASTNode, ASTNode[]])[2];
  if (variable?.op === 'id' && isRoot(variable.args))
    refuse(
      variable,
      `"${variable.args}" is what an expression reads`,
      'give the variable another name, such as item',
    );
}

function checkHas(node: ASTNode): void {
  const arg = node.op === 'call' ? node.args[1][0] : undefined;
  if (arg?.op === '[]')
    refuse(node, 'has() takes a field such as body.x', 'write "key" in x, or default(x["key"], other)');
}

/** Header names have no case; the document has them in lower case. */
function lowerHeaderName(node: ASTNode): void {
  const name = literalHeaderName(node);
  if (name) (name as { args: unknown }).args = String(name.args).toLowerCase();
}

function literalHeaderName(node: ASTNode): ASTNode | undefined {
  if (node.op !== '[]' && node.op !== 'in') return undefined;
  const [object, name] = node.op === 'in' ? [node.args[1], node.args[0]] : node.args;
  const isHeaders =
    (object.op === 'id' && object.args === 'headers') ||
    (object.op === '.' && memberOfEvent(object) === 'headers');
  return isHeaders && name.op === 'value' && typeof name.args === 'string' ? name : undefined;
}

/** The library's error as ours: one line, with the place and, for a name, what was probably meant. */
export function explain(error: unknown, text: string): Problem {
  if (!(error instanceof ParseError || error instanceof CheckError))
    return new Problem(
      'validation',
      'The types of the expression cannot be told; write dyn(…) around empty lists.',
    );
  const where = error.range ? ` at ${positionOf(text, error.range.start)}` : '';
  const name = /^Unknown variable: (\w+)$/.exec(error.summary)?.[1];
  if (name === undefined)
    return new Problem('validation', `The expression is wrong${where}: ${advice(error, text)}`);
  const roots = Object.keys(ROOT_TYPES);
  const known = nameFor(name, text, error.range?.start ?? 0);
  const written = known ?? (DOCUMENT_MEMBERS.has(name) ? `event.${name}` : undefined);
  const meant = written === undefined ? suggestion(name, roots) : `write ${written}`;
  return new Problem(
    'validation',
    `The expression is wrong${where}: there is no "${name}"; ${sentence(meant)}`,
  );
}

function advice({ summary, code, range }: ParseError | CheckError, text: string): string {
  const remedy = range === undefined ? undefined : remedyAt(text, range.start);
  if (remedy !== undefined) return `${inWords(summary)}; ${sentence(remedy)}`;
  if (code === 'limit_exceeded') return `${summary}; make it shorter or split it.`;
  const method = methodIn(summary);
  if (method !== undefined) return `${method}() is a method; write x.${method}(…).`;
  if (code === 'no_such_overload' || code === 'no_matching_overload')
    return `${summary}; convert one side, e.g. with string(x), int(x) or double(x).`;
  return sentence(inWords(summary));
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

function suggestion(wrong: string, names: Iterable<string>, prefix = ''): string {
  const list = [...names];
  const close = closestName(wrong, list);
  return close === undefined ? `use one of ${list.join(', ')}` : `did you mean ${prefix}${close}?`;
}

function refuse(node: ASTNode, what: string, remedy: string): never {
  throw new Problem('validation', `At ${positionOf(node.input, node.pos)}: ${what}; ${sentence(remedy)}`);
}

/** `line 1, column 5`, both from 1. */
export function positionOf(text: string, at: number): string {
  const lines = text.slice(0, at).split('\n');
  return `line ${lines.length}, column ${lines.at(-1)!.length + 1}`;
}
