/** One CEL expression: parsed, checked and bounded once, evaluated often. */
import { type ASTNode, type Environment, EvaluationError } from '@marcbachmann/cel-js';
import { Problem } from '../core/problem.ts';
import type { Evaluated, ExpressionScope } from '../ports/expressions.ts';
import type { Budget } from './budget.ts';
import { chargeFor } from './charge-for.ts';
import { type Root, rootValue } from './document-roots.ts';
import { examine, explain, positionOf } from './examine.ts';
import { Failure } from './failure.ts';

export const TEXT_MAX = 4 * 1024;
const DETAIL_MAX = 300;

export interface CompiledExpr {
  /** CEL's name of the value's type: `bool`, `string`, `dyn` when only a document tells. */
  readonly type: string;
  readonly reads: ReadonlySet<string>;
  /** The engine's value, under a budget that the caller refills. */
  run(scope: ExpressionScope): Evaluated<unknown>;
}

/** Problem `validation` with the place and what to do. */
export function compileExpr(text: string, env: Environment, budget: Budget): CompiledExpr {
  if (text.length > TEXT_MAX)
    throw new Problem(
      'validation',
      `An expression has at most ${TEXT_MAX} characters; this one has ${text.length}.`,
    );
  if (text.trim() === '')
    throw new Problem('validation', 'The expression is empty; write one such as body.action == "opened".');
  const parsed = parse(text, env);
  const { reads, roots, hasSecrets } = examine(parsed.ast);
  const { valid, type, error } = parsed.check();
  if (!valid) throw explain(error, text);
  chargeFor(parsed.ast, budget);
  return { type: type!, reads, run: (scope) => run(parsed, roots, hasSecrets, scope) };
}

function parse(text: string, env: Environment): ReturnType<Environment['parse']> {
  try {
    return env.parse(text);
  } catch (error) {
    throw explain(error, text);
  }
}

function run(
  evaluate: (context: Record<string, unknown>) => unknown,
  roots: readonly Root[],
  hasSecrets: boolean,
  scope: ExpressionScope,
): Evaluated<unknown> {
  try {
    const context: Record<string, unknown> = {};
    for (const root of roots) context[root] = rootValue(root, scope);
    return { ok: true, value: evaluate(context) };
  } catch (error) {
    return { ok: false, detail: detailOf(error, hasSecrets) };
  }
}

/** The library's words may quote a value, so where secrets are read only the place and the kind are told. */
export function detailOf(error: unknown, hasSecrets: boolean): string {
  if (error instanceof Failure) return error.message;
  if (error instanceof EvaluationError) {
    if (hasSecrets) return `${error.code.replaceAll('_', ' ')}${placeOf(error.node as ASTNode | undefined)}`;
    return lowerFirst(error.summary).slice(0, DETAIL_MAX);
  }
  if (error instanceof RangeError && /call stack/.test(error.message)) return 'nested too deep to compute';
  return hasSecrets || !(error instanceof Error)
    ? 'could not be computed'
    : lowerFirst(error.message).slice(0, DETAIL_MAX);
}

function placeOf(node: ASTNode | undefined): string {
  return node?.input === undefined ? '' : ` at ${positionOf(node.input, node.start)}`;
}

const lowerFirst = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1);
