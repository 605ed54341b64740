/** `json` and `parseJson`. */
import type { Environment } from '@marcbachmann/cel-js';
import { type Budget, boundText, TEXT_MAX } from './budget.ts';
import { Failure } from './failure.ts';
import { guardConstructors, toJson } from './json-values.ts';

const PARSED_MAX = 1024 * 1024;
const PARSED_DEPTH_MAX = 64;
const CHARS_PER_UNIT = 10;

export function registerJsonFunctions(env: Environment, budget: Budget): void {
  env.registerFunction('json(dyn): string', (value: unknown) => writeJson(budget, value), { async: false });
  env.registerFunction('parseJson(string): dyn', (text: string) => parseJson(budget, text), { async: false });
}

function writeJson(budget: Budget, value: unknown): string {
  budget.spendDeep(value);
  const text = JSON.stringify(toJson(value, TEXT_MAX));
  boundText(text.length);
  return text;
}

function parseJson(budget: Budget, text: string): unknown {
  if (text.length > PARSED_MAX)
    throw new Failure('limit', `parseJson() takes at most ${PARSED_MAX} characters`);
  budget.spend(text.length / CHARS_PER_UNIT);
  if (depthOf(text) > PARSED_DEPTH_MAX)
    throw new Failure('wrong', `parseJson() takes values nested at most ${PARSED_DEPTH_MAX} deep`);
  try {
    return guardConstructors(JSON.parse(text));
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure('wrong', 'parseJson() was given a text that is no JSON');
  }
}

/** Brackets in texts are not counted. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at];
    if (quoted) {
      if (sign === '\\') at++;
      else if (sign === '"') quoted = false;
    } else if (sign === '"') quoted = true;
    else if (sign === '[' || sign === '{') deepest = Math.max(deepest, ++depth);
    else if (sign === ']' || sign === '}') depth--;
  }
  return deepest;
}
