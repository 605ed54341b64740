/** Plays one recipe on a stage: makes its documents, sends its calls and forged ones, compares, and cleans up. */
import { randomUUID } from 'node:crypto';
import type { Received } from '../test/support/receiver.ts';
import { differences, wrongAnswer } from './compare.ts';
import { Values } from './fill.ts';
import type { Arrival, Expected, Recipe, RecipeCall } from './recipe.ts';
import { type Answered, requestOf, type Sent, send } from './send.ts';
import type { Stage } from './stage.ts';

const ARRIVE_WITHIN_MS = 5_000;
const FORWARD = [{ url: '${receiver}/hook' }];

/** What happened, for people, and what was not as the recipe says. */
export interface Played {
  readonly about: string;
  readonly sent: Sent | null;
  readonly answered: Answered | null;
  readonly arrived: readonly Received[];
  readonly wrong: readonly string[];
}

interface Scene {
  readonly stage: Stage;
  readonly recipe: Recipe;
  readonly known: Readonly<Record<string, string>>;
}

/** Throws when the documents cannot be made. */
export async function playRecipe(recipe: Recipe, stage: Stage): Promise<Played[]> {
  const now = new Date();
  const known: Record<string, string> = {
    ...{ ...recipe.values, ...recipe.secrets, receiver: `${stage.receiver.url}/${recipe.id}` },
    ...{ served: `${stage.receiver.url}/${recipe.id}/served`, uuid: randomUUID() },
    ...{ now: now.toISOString(), seconds: `${Math.floor(now.getTime() / 1000)}` },
  };
  if (recipe.serves !== undefined) serve(stage, recipe);
  const made: string[] = [];
  try {
    await makeDocuments({ recipe, stage, known }, made);
    const played: Played[] = [];
    for (const call of recipe.calls) {
      played.push(...(await playForged({ recipe, stage, known }, call)));
      played.push(await play({ recipe, stage, known }, call));
    }
    return played;
  } finally {
    for (const path of made.reverse()) await api(stage, 'DELETE', path);
  }
}

async function makeDocuments({ recipe, stage, known }: Scene, made: string[]): Promise<void> {
  const values = new Values(known);
  const create = async (kind: string, body: object): Promise<{ id: string; url?: string }> => {
    const document = await api(stage, 'POST', `/${kind}`, values.fill(body));
    made.push(`/${kind}/${document.id}`);
    return document;
  };
  const destinations: string[] = [];
  for (const body of recipe.destinations ?? FORWARD)
    destinations.push((await create('destination', body)).id);
  const source = await create('source', recipe.source);
  const path = new URL(source.url ?? '').pathname;
  Object.assign(known, { url: path, token: path.split('/').at(-1) });
  await create('flow', { name: recipe.system, ...recipe.flow, sources: [source.id], destinations });
}

async function play({ recipe, stage, known }: Scene, call: RecipeCall): Promise<Played> {
  const values = new Values(known, call.make);
  const sent = call.waits === true ? null : requestOf(call, values);
  const { standIn } = recipe;
  const genuine = standIn === undefined ? null : values.fill(standIn.genuine);
  if (standIn !== undefined)
    stage.standIns?.set(standIn.url, (body) => standIn.answers[body === genuine ? 0 : 1]);
  const before = arrivedFor(recipe, stage).length;
  const answered = sent === null ? null : await send(stage, sent);
  const expected = call.event === undefined ? [] : (call.arrives ?? asSent(sent, known));
  const arrived = await arrivals({ recipe, stage, known }, before, expected.length);
  const id = answered?.eventId ?? arrived[0]?.headers['posthorn-event-id'] ?? null;
  if (id !== null) values.set('id', id);
  const wrong = [
    ...(call.answer === undefined ? [] : wrongAnswer(answered, values.fill(call.answer))),
    ...(call.event === undefined ? [] : await wrongEvent(stage, id, values.fill(call.event))),
    ...differences(arrived, values.fill(expected), `/${recipe.id}`),
  ];
  return { about: call.about, sent, answered, arrived, wrong };
}

/** The call with other secrets and, where its bytes are signed, with one of them changed. */
async function playForged(scene: Scene, call: RecipeCall): Promise<Played[]> {
  const { recipe, stage, known } = scene;
  if (call.waits === true) return [];
  const names = recipe.secrets === undefined ? ['token'] : Object.keys(recipe.secrets);
  const others = Object.fromEntries(names.map((name) => [name, other(known[name]!)]));
  const stolen = { ...known, ...others, url: known.url!.replace(known.token!, others.token ?? known.token!) };
  const honest = requestOf(call, new Values(known, call.make));
  const forged = [{ about: 'with another secret', sent: requestOf(call, new Values(stolen, call.make)) }];
  if (recipe.standIn !== undefined) forged.pop();
  if (recipe.standIn !== undefined || JSON.stringify(call.make ?? {}).includes('${body}'))
    forged.push({ about: 'with one byte changed', sent: { ...honest, body: oneChanged(honest.body) } });
  const expected: Expected = call.forged ?? {
    status: call.mail !== undefined ? 550 : names[0] === 'token' && recipe.standIn === undefined ? 404 : 401,
  };
  if (recipe.standIn !== undefined) stage.standIns?.set(recipe.standIn.url, () => recipe.standIn!.answers[1]);
  const played: Played[] = [];
  for (const { about, sent } of forged) {
    // A question that holds no secret cannot be forged.
    if (JSON.stringify(sent) === JSON.stringify(honest)) continue;
    const answered = await send(stage, sent);
    const wrong = wrongAnswer(answered, new Values(known, call.make).fill(expected));
    played.push({ about: `${call.about}, ${about}`, sent, answered, arrived: [], wrong });
  }
  return played;
}

/** Letters for letters and digits for digits: another secret, or another URL, of the same form. */
function other(secret: string): string {
  const last = secret.at(-1)!;
  return secret.slice(0, -1) + (last === 'a' ? 'b' : 'a');
}

function oneChanged(body: Buffer | null): Buffer {
  const changed = Buffer.from(body ?? '');
  const at = changed.length >> 1;
  changed[at] = changed[at]! ^ 1;
  return changed;
}

function asSent(sent: Sent | null, known: Readonly<Record<string, string>>): Arrival[] {
  if (sent === null) return [];
  const body = sent.body?.toString() ?? '';
  return [{ at: `/hook${sent.path.slice(known.url!.length)}`, method: sent.method, body }];
}

function arrivedFor({ id }: Recipe, { receiver }: Stage): Received[] {
  return receiver.requests.filter(({ url }) => url.startsWith(`/${id}/`) && !url.endsWith('/served'));
}

async function arrivals({ recipe, stage }: Scene, before: number, count: number): Promise<Received[]> {
  for (const until = Date.now() + ARRIVE_WITHIN_MS; Date.now() < until; ) {
    const arrived = arrivedFor(recipe, stage).slice(before);
    if (arrived.length >= count) return arrived;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return arrivedFor(recipe, stage).slice(before);
}

async function wrongEvent(
  stage: Stage,
  id: string | null,
  members: Readonly<Record<string, unknown>>,
): Promise<string[]> {
  if (id === null) return ['no event was made'];
  const event: unknown = await api(stage, 'GET', `/event/${id}`);
  return Object.entries(members).flatMap(([path, wanted]) => {
    const found = path
      .split('.')
      .reduce<unknown>((at, name) => (at as Record<string, unknown>)?.[name], event);
    const isAsSaid = JSON.stringify(found) === JSON.stringify(wanted);
    return isAsSaid ? [] : [`event.${path} is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`];
  });
}

function serve({ receiver }: Stage, { id, serves }: Recipe): void {
  receiver.answer(({ url }) => (url === `/${id}/served` ? { body: serves ?? '' } : 200));
}

// biome-ignore lint/suspicious/noExplicitAny: documents of every kind.
async function api(stage: Stage, method: string, path: string, body?: object): Promise<any> {
  const answer = await fetch(`${stage.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${stage.token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path} was answered ${answer.status}: ${text}`);
  return text === '' ? null : JSON.parse(text);
}
