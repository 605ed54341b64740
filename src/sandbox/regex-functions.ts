/** Regular expressions, by re2js alone: time grows with the text, never with what the text makes of the pattern. */
import type { Environment } from '@marcbachmann/cel-js';
import { RE2JS, RE2JSException } from 're2js';
import { Problem } from '../core/problem.ts';
import { type Budget, boundText } from './budget.ts';
import { Failure } from './failure.ts';

const PATTERN_MAX = 500;
const PATTERNS_KEPT = 200;
/** Compiling takes up to 10 ms. */
const COMPILE_UNITS = 5_000;
const COMPILE_UNITS_PER_INSTRUCTION = 50;
/** Up to this many instructions the automaton is a small table; above, each character may meet each instruction. */
const SMALL_PROGRAM = 20;
const SMALL_UNITS_PER_CHAR = 0.1;
const INSTRUCTIONS_PER_UNIT = 12;

export const REGEX_FUNCTIONS: ReadonlySet<string> = new Set(['re', 'reFind', 'reReplace']);

/** Compiled patterns, the least recently used forgotten first. */
export class Patterns {
  readonly #kept = new Map<string, RE2JS>();

  get(pattern: string, budget: Budget): RE2JS {
    const kept = this.#kept.get(pattern);
    if (kept) {
      this.#kept.delete(pattern);
      this.#kept.set(pattern, kept);
      return kept;
    }
    const compiled = compilePattern(pattern);
    budget.spend(COMPILE_UNITS + compiled.programSize() * COMPILE_UNITS_PER_INSTRUCTION);
    this.#kept.set(pattern, compiled);
    if (this.#kept.size > PATTERNS_KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    return compiled;
  }
}

function compilePattern(pattern: string): RE2JS {
  if (pattern.length > PATTERN_MAX)
    throw new Failure('wrong', `the pattern is longer than ${PATTERN_MAX} characters`);
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new Failure(
      'wrong',
      'the pattern is no RE2 regular expression (no look-around, no back references)',
    );
  }
}

/** A literal pattern is compiled with its expression. */
export function checkPattern(pattern: string, where: string): void {
  try {
    compilePattern(pattern);
  } catch (error) {
    if (error instanceof Failure) throw new Problem('validation', `${where}: ${error.message}.`);
    throw error;
  }
}

function spendScan(budget: Budget, pattern: RE2JS, chars: number): void {
  const size = pattern.programSize();
  budget.spend(1 + chars * (size <= SMALL_PROGRAM ? SMALL_UNITS_PER_CHAR : size / INSTRUCTIONS_PER_UNIT));
}

export function registerRegexFunctions(env: Environment, budget: Budget): void {
  const patterns = new Patterns();
  const both = (
    name: string,
    args: string,
    returns: string,
    handler: (...args: never[]) => unknown,
  ): void => {
    env.registerFunction(`${name}(string, ${args}): ${returns}`, handler, { async: false });
    env.registerFunction(`string.${name}(${args}): ${returns}`, handler, { async: false });
  };
  both('re', 'string', 'bool', (text: string, pattern: string) => {
    const compiled = patterns.get(pattern, budget);
    spendScan(budget, compiled, text.length);
    return compiled.test(text);
  });
  both('reFind', 'string', 'string', (text: string, pattern: string) => {
    const compiled = patterns.get(pattern, budget);
    spendScan(budget, compiled, text.length);
    const matcher = compiled.matcher(text);
    const found = matcher.find() ? matcher.group(matcher.groupCount() > 0 ? 1 : 0) : null;
    if (found === null) throw new Failure('missing', 'the pattern is not found in the text');
    return found;
  });
  both('reReplace', 'string, string', 'string', (text: string, pattern: string, to: string) =>
    replaceEach(budget, patterns.get(pattern, budget), text, to),
  );
}

/** `$1`, `$<name>` and `$$` as in ECMAScript. Each look may pass over the rest of the text, so each is paid for. */
function replaceEach(budget: Budget, pattern: RE2JS, text: string, to: string): string {
  spendScan(budget, pattern, text.length);
  let length = text.length;
  return pattern.matcher(text).replaceAll((...match: unknown[]) => {
    const at = match.findIndex((part) => typeof part === 'number');
    const groups = match.slice(0, at) as (string | undefined)[];
    spendScan(budget, pattern, text.length - (match[at] as number));
    const replacement = expand(to, groups, match[at + 2] as Record<string, string | undefined> | undefined);
    length += replacement.length;
    boundText(length);
    return replacement;
  });
}

function expand(
  to: string,
  groups: readonly (string | undefined)[],
  named: Readonly<Record<string, string | undefined>> | undefined,
): string {
  if (!to.includes('$')) return to;
  return to.replace(/\$(\$|&|\d|<(\w+)>)/g, (whole, sign: string, name: string | undefined) => {
    if (sign === '$') return '$';
    if (name !== undefined) return named?.[name] ?? '';
    const at = sign === '&' ? 0 : Number(sign);
    return at < groups.length ? (groups[at] ?? '') : whole;
  });
}
