/**
 * The CEL engine with our functions, made safe for documents and expressions of strangers. What the library's own face
 * cannot do is done on its evaluator, in `harden` and `chargeFor`; tests hold each point, so that an upgrade cannot lose one.
 */
import { type ASTNode, Environment, EvaluationError } from '@marcbachmann/cel-js';
import { type Budget, boundItems, boundText, ERROR_UNITS } from './budget.ts';
import { registerDigestFunctions } from './digest-functions.ts';
import { ROOT_TYPES } from './document-roots.ts';
import { Failure } from './failure.ts';
import { registerJsonFunctions } from './json-functions.ts';
import { registerRegexFunctions } from './regex-functions.ts';
import { childrenOf, isLoop } from './syntax-tree.ts';
import { registerTextFunctions } from './text-functions.ts';

/** Parse-time limits. */
export const NODES_MAX = 500;
const LIMITS = {
  maxAstNodes: NODES_MAX,
  maxDepth: 40,
  maxListElements: 200,
  maxMapEntries: 200,
  maxCallArguments: 8,
};
const MISSING: ReadonlySet<string> = new Set(['no_such_key', 'index_out_of_bounds']);

/** What we use of the library's evaluator, which its types do not show. */
interface Evaluator {
  run(node: ASTNode, context: unknown): unknown;
  tryEval(node: ASTNode, context: unknown): unknown;
  debugType(value: unknown): unknown;
  debugTypeDeep(value: unknown): unknown;
  readonly objectTypesByConstructor: Map<unknown, object>;
  readonly registry: {
    readonly objectTypes: Map<string, object>;
    getType(name: string): unknown;
    getListType(type: unknown): unknown;
    getMapType(key: unknown, value: unknown): unknown;
    binaryOverload(
      ...operator: [string, string, string, (a: never, b: never) => unknown, string, false]
    ): void;
  };
}
interface Checker {
  check(node: ASTNode, context: unknown): unknown;
  getType(name: string): unknown;
}
/** A checked node: how it is computed from its operands. */
interface Computed {
  handle?: (first: unknown, second: unknown, third: unknown, fourth: unknown) => unknown;
  readonly meta: { readonly alternate?: ASTNode & Computed };
}

export function createEngine(budget: Budget, secretOf: (name: string) => string | undefined): Environment {
  const env = new Environment({ homogeneousAggregateLiterals: false, limits: LIMITS });
  for (const [name, type] of Object.entries(ROOT_TYPES)) env.registerVariable(name, type);
  registerTextFunctions(env, budget);
  registerRegexFunctions(env, budget);
  registerDigestFunctions(env, secretOf);
  registerJsonFunctions(env, budget);
  let evaluator: Evaluator | undefined;
  registerDefault(env, (seen) => {
    evaluator ??= seen;
  });
  env.evaluate('default(true, true)');
  if (!evaluator) throw new Error('The CEL engine shows no evaluator; its version is not the tested one.');
  harden(evaluator, budget);
  registerMixedNumbers(evaluator.registry);
  return env;
}

/** `default(x, y)`: y when a field, an index or a match that x needs is missing; other failures stay failures. */
function registerDefault(env: Environment, seen: (evaluator: Evaluator) => void): void {
  env.registerFunction('default(ast, ast): dyn', ({ args }: { args: [ASTNode, ASTNode] }) => ({
    async: false,
    typeCheck(checker: Checker, _macro: unknown, context: unknown) {
      for (const arg of args) checker.check(arg, context);
      return checker.getType('dyn');
    },
    evaluate(evaluator: Evaluator, _macro: unknown, context: unknown) {
      seen(evaluator);
      try {
        return evaluator.run(args[0], context);
      } catch (error) {
        if (isMissing(error)) return evaluator.run(args[1], context);
        throw error;
      }
    },
  }));
}

function isMissing(error: unknown): boolean {
  if (error instanceof Failure) return error.kind === 'missing';
  return error instanceof EvaluationError && MISSING.has(error.code);
}

function harden(evaluator: Evaluator, budget: Budget): void {
  const { registry } = evaluator;
  // Types of values are remembered for ever by the library: a sender could make new ones without end.
  evaluator.debugTypeDeep = (value) => evaluator.debugType(value);
  registry.getListType = () => registry.getType('list');
  registry.getMapType = () => registry.getType('map');
  // Fields of a timestamp or a namespace would be those of its JavaScript object.
  const fields = Object.freeze(Object.create(null) as object);
  for (const types of [registry.objectTypes, evaluator.objectTypesByConstructor] as Map<unknown, object>[])
    for (const [name, type] of types) types.set(name, { ...type, fields });
  // `||`, `&&` and quantifiers go on after an error. Not after a limit, and each error costs.
  evaluator.tryEval = (node, context) => {
    try {
      return evaluator.run(node, context);
    } catch (error) {
      if (error instanceof Failure && error.kind === 'limit') throw error;
      budget.spend(ERROR_UNITS);
      return error;
    }
  };
}

/** JSON has one kind of number, CEL three: an integer literal goes with a number of the document. */
function registerMixedNumbers(registry: Evaluator['registry']): void {
  const operators: readonly [string, (a: number, b: number) => number][] = [
    ['+', (a, b) => a + b],
    ['-', (a, b) => a - b],
    ['*', (a, b) => a * b],
    ['/', (a, b) => a / b],
    ['%', (a, b) => a % b],
  ];
  for (const [operator, compute] of operators) {
    const handler = (a: number | bigint, b: number | bigint): number => compute(Number(a), Number(b));
    registry.binaryOverload('double', operator, 'int', handler, 'double', false);
    registry.binaryOverload('int', operator, 'double', handler, 'double', false);
  }
  registry.binaryOverload('double', '%', 'double', (a: number, b: number) => a % b, 'double', false);
}

/** Lets each operation of a checked tree that may be long pay before it runs. Gives the number of nodes. */
export function chargeFor(node: ASTNode, budget: Budget): number {
  let nodes = 1;
  for (const child of childrenOf(node)) nodes += chargeFor(child, budget);
  const pay = isLoop(node) ? loopPrice(budget, nodes) : priceOf(node, budget);
  if (!pay) return nodes;
  const checked = node as ASTNode & Computed;
  const computed = checked.meta.alternate ?? checked;
  const { handle } = computed;
  if (!handle) {
    if (isLoop(node)) throw new Error('The CEL engine hides its loops; its version is not the tested one.');
    return nodes;
  }
  computed.handle = (first, second, third, fourth) => {
    pay(first, second);
    return handle(first, second, third, fourth);
  };
  return nodes;
}

type Price = (first: unknown, second: unknown) => void;

function loopPrice(budget: Budget, nodes: number): Price {
  return (items) => {
    if (typeof items !== 'object' || items === null) return;
    const size = Array.isArray(items)
      ? items.length
      : items instanceof Map
        ? items.size
        : Object.keys(items).length;
    boundItems(size);
    budget.spend(size * nodes);
  };
}

function priceOf(node: ASTNode, budget: Budget): Price | undefined {
  switch (node.op) {
    case '+':
      return (left, right) => sumPrice(budget, left, right);
    case '==':
    case '!=':
    case 'in':
      return (left, right) => {
        if (typeof left === 'object' || typeof left === 'string') budget.spendDeep(left);
        if (typeof right === 'object' || typeof right === 'string') budget.spendDeep(right);
      };
    case '<':
    case '<=':
    case '>':
    case '>=':
      return (left, right) => {
        if (typeof left === 'string' && typeof right === 'string') budget.spendShallow(left);
      };
    case 'call':
    case 'rcall':
      return callPrice(node.args[0], budget);
    default:
      return undefined;
  }
}

function sumPrice(budget: Budget, left: unknown, right: unknown): void {
  if (typeof left === 'string' && typeof right === 'string') {
    boundText(left.length + right.length);
    budget.spend((left.length + right.length) / 64);
  } else if (Array.isArray(left) && Array.isArray(right)) {
    boundItems(left.length + right.length);
    budget.spend(left.length + right.length);
  }
}

const CALL_UNITS = 2;
/** Reading a clock in a zone takes the library 50 µs. */
const ZONED_UNITS = 500;
/** What goes over each character, and how many of them in a unit. */
const SLOW_TEXT_CALLS: ReadonlySet<string> = new Set(['size', 'split', 'duration']);
const SLOW_CHARS_PER_UNIT = 8;
const SPLIT_MAX = 1024 * 1024;

function callPrice(name: string, budget: Budget): Price {
  const flat = /^get[A-Z]/.test(name) ? ZONED_UNITS : CALL_UNITS;
  const slow = SLOW_TEXT_CALLS.has(name);
  return (args) => {
    budget.spend(flat);
    for (const arg of args as readonly unknown[]) {
      budget.spendShallow(arg);
      if (!slow || typeof arg !== 'string') continue;
      budget.spend(arg.length / SLOW_CHARS_PER_UNIT);
      if (name === 'split' && arg.length > SPLIT_MAX)
        throw new Failure('limit', `split() takes at most ${SPLIT_MAX} characters`);
    }
  };
}
