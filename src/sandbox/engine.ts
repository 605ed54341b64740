/**
 * The CEL engine with our functions, made safe for documents and expressions of strangers. What the library's own face
 * cannot do is done on its evaluator, in `harden` and `charge-for.ts`; tests hold each point, so that an upgrade cannot lose one.
 */
import { type ASTNode, Environment, EvaluationError } from '@marcbachmann/cel-js';
import { type Budget, ERROR_UNITS } from './budget.ts';
import { registerDigestFunctions } from './digest-functions.ts';
import { ROOT_TYPES } from './document-roots.ts';
import { Failure } from './failure.ts';
import { registerJsonFunctions } from './json-functions.ts';
import { registerRegexFunctions } from './regex-functions.ts';
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
    registry.binaryOverload('double', operator, 'int', (a, b) => compute(a, Number(b)), 'double', false);
    registry.binaryOverload('int', operator, 'double', (a, b) => compute(Number(a), b), 'double', false);
  }
  registry.binaryOverload('double', '%', 'double', (a: number, b: number) => a % b, 'double', false);
}
