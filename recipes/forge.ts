/** Calls that a stranger could make of an honest one, and how each must be answered. */
import { Values } from './fill.ts';
import type { Expected, Recipe, RecipeCall } from './recipe.ts';
import { requestOf, type Sent } from './send.ts';

export interface Forgery {
  readonly about: string;
  readonly sent: Sent;
  readonly expected: Expected;
}

type Known = Readonly<Record<string, string>>;

/** With another secret (where there is none, at another URL) and, where its bytes are proven, with one changed. */
export function forgeries(recipe: Recipe, call: RecipeCall, known: Known): Forgery[] {
  if (call.waits === true) return [];
  const honest = requestOf(call, new Values(known, call.make));
  const isProven = recipe.standIn !== undefined || JSON.stringify(call.make ?? {}).includes('${body}');
  const changed: Forgery = {
    about: `${call.about}, one byte changed`,
    sent: { ...honest, body: oneChanged(honest.body) },
    expected: call.forged ?? { status: 401 },
  };
  // A question that holds no secret cannot be forged.
  return [withOthers(recipe, call, known), ...(isProven ? [changed] : [])].filter(
    ({ sent }) => JSON.stringify(sent) !== JSON.stringify(honest),
  );
}

function withOthers({ secrets }: Recipe, call: RecipeCall, known: Known): Forgery {
  const others: Record<string, string> = { ...known };
  for (const name of Object.keys(secrets ?? { token: '' })) others[name] = other(known[name]!);
  others.url = known.url!.replace(known.token!, others.token!);
  const refused = secrets !== undefined ? 401 : call.mail !== undefined ? 550 : 404;
  return {
    about: `${call.about}, ${secrets === undefined ? 'at another URL' : 'with another secret'}`,
    sent: requestOf(call, new Values(others, call.make)),
    expected: call.forged ?? { status: refused },
  };
}

/** One of the same form. */
function other(secret: string): string {
  return secret.slice(0, -1) + (secret.endsWith('a') ? 'b' : 'a');
}

function oneChanged(body: Buffer | null): Buffer {
  const changed = Buffer.from(body ?? '');
  const at = changed.length >> 1;
  changed[at] = changed[at]! ^ 1;
  return changed;
}
