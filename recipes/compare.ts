/** What differs between what happened and what a recipe says. */
import type { Received } from '../test/support/receiver.ts';
import type { Arrival, Expected } from './recipe.ts';
import type { Answered } from './send.ts';

export function wrongAnswer(answered: Answered | null, expected: Expected): string[] {
  if (answered === null) return ['there was no answer'];
  const wrong = wrongHeaders('the answer', answered.headers, expected.headers);
  if (answered.status !== expected.status)
    wrong.push(`the answer is ${answered.status}, not ${expected.status}: ${answered.text}`);
  if (expected.body !== undefined && answered.text !== expected.body)
    wrong.push(`the answer says ${answered.text}, not ${expected.body}`);
  return wrong;
}

/** Arrivals come in any order, each at a place of its own. */
export function differences(
  arrived: readonly Received[],
  expected: readonly Arrival[],
  base: string,
): string[] {
  const wrong =
    arrived.length === expected.length ? [] : [`${arrived.length} arrived, not ${expected.length}`];
  for (const { at, method = 'POST', headers, body } of expected) {
    const found = arrived.find(({ url }) => url === base + at);
    if (found === undefined) {
      wrong.push(`nothing arrived at ${at}, but at ${arrived.map(({ url }) => url).join(' ') || 'no place'}`);
      continue;
    }
    if (found.method !== method) wrong.push(`${found.method} arrived at ${at}, not ${method}`);
    if (body !== undefined && found.body.toString() !== body)
      wrong.push(`at ${at} arrived ${found.body.toString()}, not ${body}`);
    wrong.push(...wrongHeaders(`the call at ${at}`, found.headers, headers));
  }
  return wrong;
}

function wrongHeaders(
  where: string,
  found: Readonly<Record<string, string | undefined>>,
  expected: Readonly<Record<string, string>> = {},
): string[] {
  return Object.entries(expected).flatMap(([name, value]) => {
    const is = found[name.toLowerCase()];
    return is === value ? [] : [`${where} has ${name}: ${is ?? 'none'}, not ${value}`];
  });
}
