/** CEL expressions and `{{ CEL }}` templates over a received event, bounded in time and size. */
import type { Environment } from '@marcbachmann/cel-js';
import { Problem } from '../core/problem.ts';
import type { Evaluated, Expression, ExpressionScope, Expressions, Template } from '../ports/expressions.ts';
import { Budget } from './budget.ts';
import { type CompiledExpr, compileExpr, detailOf } from './compile-expr.ts';
import { createEngine } from './engine.ts';
import { toJson, toText } from './json-values.ts';
import { type TemplatePart, templateParts } from './template-parts.ts';

const TEMPLATE_MAX = 64 * 1024;
const PARTS_MAX = 100;
/** What a template makes, in UTF-16 units. */
const RESULT_MAX = 1024 * 1024;
/** The library remembers names that it was asked for; so an engine is left behind after this many expressions. */
const COMPILES_PER_ENGINE = 1_000;

/** Pure: the instant, the document and the secrets come with each evaluation. */
export function createExpressions(): Expressions {
  const budget = new Budget();
  const bounds: { secrets: Readonly<Record<string, string>> } = { secrets: {} };
  const secretOf = (name: string): string | undefined =>
    Object.hasOwn(bounds.secrets, name) ? bounds.secrets[name] : undefined;
  let engine: Environment | undefined;
  let compiles = 0;

  const compiled = (text: string): CompiledExpr => {
    if (compiles++ % COMPILES_PER_ENGINE === 0) engine = undefined;
    engine ??= createEngine(budget, secretOf);
    return compileExpr(text, engine, budget);
  };
  const begin = (scope: ExpressionScope): void => {
    budget.refill();
    bounds.secrets = scope.secrets;
  };

  return {
    compile: (text) => expressionOf(compiled(text), begin),
    template: (text) => templateOf(text, compiled, begin),
  };
}

function expressionOf({ reads, run }: CompiledExpr, begin: (scope: ExpressionScope) => void): Expression {
  return {
    reads,
    evaluate: (scope) => {
      begin(scope);
      return mapped(run(scope), (value) => toJson(value));
    },
  };
}

function mapped<T>(result: Evaluated<unknown>, to: (value: unknown) => T): Evaluated<T> {
  if (!result.ok) return result;
  try {
    return { ok: true, value: to(result.value) };
  } catch (error) {
    return { ok: false, detail: detailOf(error, true) };
  }
}

type CompiledPart = string | CompiledExpr;

function templateOf(
  text: string,
  compiled: (text: string) => CompiledExpr,
  begin: (scope: ExpressionScope) => void,
): Template {
  if (text.length > TEMPLATE_MAX)
    throw new Problem(
      'validation',
      `A template has at most ${TEMPLATE_MAX} characters; this one has ${text.length}.`,
    );
  const parts = templateParts(text);
  if (parts.filter(({ kind }) => kind === 'expression').length > PARTS_MAX)
    throw new Problem('validation', `A template has at most ${PARTS_MAX} expressions; split it.`);
  const ready = parts.map(
    (part): CompiledPart => (part.kind === 'text' ? part.text : compiledPart(part, compiled)),
  );
  const reads = new Set(ready.flatMap((part) => (typeof part === 'string' ? [] : [...part.reads])));
  return {
    reads,
    evaluate: (scope) => {
      begin(scope);
      return filled(ready, scope);
    },
  };
}

function compiledPart(
  { text, at }: Extract<TemplatePart, { kind: 'expression' }>,
  compiled: (text: string) => CompiledExpr,
): CompiledExpr {
  try {
    return compiled(text);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new Problem('validation', `In the "{{" at character ${at}: ${error.message}`);
  }
}

function filled(parts: readonly CompiledPart[], scope: ExpressionScope): Evaluated<string> {
  let made = '';
  for (const part of parts) {
    const written =
      typeof part === 'string'
        ? ({ ok: true, value: part } as const)
        : mapped(part.run(scope), (value) => toText(value, RESULT_MAX));
    if (!written.ok) return written;
    made += written.value;
    if (made.length > RESULT_MAX)
      return { ok: false, detail: `the template makes more than ${RESULT_MAX} characters` };
  }
  return { ok: true, value: made };
}
