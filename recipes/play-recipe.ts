/** Plays one recipe on a stage: makes its documents, sends its calls and forged ones, compares, and cleans up. */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import type { Received } from '../test/support/receiver.ts';
import { differences, wrongAnswer } from './compare.ts';
import { Values } from './fill.ts';
import { forgeries } from './forge.ts';
import type { Arrival, Recipe, RecipeCall } from './recipe.ts';
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
  /** Paths of the documents that the recipe made. */
  readonly made: readonly string[];
}

/** Throws when the documents cannot be made. */
export async function playRecipe(recipe: Recipe, stage: Stage): Promise<Played[]> {
  const now = new Date();
  const seconds = Math.floor(now.getTime() / 1000);
  const receiver = `${stage.receiver.url}/${recipe.id}`;
  const known: Record<string, string> = {
    ...{ ...recipe.values, ...recipe.secrets, ...(usesKeys(recipe) && keyPair()) },
    ...{ receiver, served: `${receiver}/served`, uuid: randomUUID() },
    ...{ now: now.toISOString(), seconds: `${seconds}`, later: `${seconds + 900}` },
  };
  if (recipe.serves !== undefined) serve(stage, recipe);
  const made: string[] = [];
  try {
    const scene: Scene = { recipe, stage, known, made };
    await makeDocuments(scene, made);
    const played: Played[] = [];
    for (const call of recipe.calls) {
      played.push(...(await playForged(scene, call)));
      played.push(await play(scene, call));
    }
    return played;
  } finally {
    for (const path of made.reverse()) await api(stage, 'DELETE', path);
  }
}

function usesKeys(recipe: Recipe): boolean {
  return JSON.stringify(recipe).includes('${publicKey}');
}

function keyPair(): { publicKey: string; privateKey: string } {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

async function makeDocuments({ recipe, stage, known }: Omit<Scene, 'made'>, made: string[]): Promise<void> {
  const values = new Values(known);
  const create = async (kind: string, body: object): Promise<{ id: string; url?: string }> => {
    const document = await api(stage, 'POST', `/${kind}`, values.fill(body));
    made.push(`/${kind}/${document.id}`);
    return document;
  };
  const destinations: string[] = [];
  for (const body of recipe.destinations ?? FORWARD)
    destinations.push((await create('destination', body)).id);
  // What fetches by itself must not do so before its flow is there.
  const fetches = recipe.serves !== undefined;
  const source = await create('source', { ...recipe.source, disabled: fetches });
  const path = new URL(source.url ?? '').pathname;
  Object.assign(known, { url: path, token: path.split('/').at(-1) });
  await create('flow', { name: recipe.system, ...recipe.flow, sources: [source.id], destinations });
  if (fetches) await api(stage, 'PATCH', `/source/${source.id}`, { disabled: false });
}

async function play(scene: Scene, call: RecipeCall): Promise<Played> {
  const { stage, recipe, known } = scene;
  const values = new Values(known, call.make);
  const sent = call.waits === true ? null : requestOf(call, values);
  const { standIn } = recipe;
  const genuine = standIn === undefined ? null : values.fill(standIn.genuine);
  if (standIn !== undefined)
    stage.standIns?.set(standIn.url, (body) => standIn.answers[body === genuine ? 0 : 1]);
  const before = arrivedFor(recipe, stage).length;
  const answered = sent === null ? null : await send(stage, sent);
  const expected = call.event === undefined ? [] : (call.arrives ?? asSent(sent, known));
  const arrived = await arrivals(scene, before, expected.length);
  const id = answered?.eventId ?? arrived[0]?.headers['posthorn-event-id'] ?? null;
  if (id !== null) values.set('id', id);
  const wrong = [
    ...(call.answer === undefined ? [] : wrongAnswer(answered, values.fill(call.answer))),
    ...(call.event === undefined ? [] : await wrongEvent(stage, id, values.fill(call.event))),
    ...(call.event === undefined ? [] : await wrongDeliveries(scene, id, expected.length)),
    ...differences(arrived, values.fill(expected), `/${recipe.id}`),
  ];
  return { about: call.about, sent, answered, arrived, wrong };
}

async function playForged(scene: Scene, call: RecipeCall): Promise<Played[]> {
  const { stage, recipe, known } = scene;
  const { standIn } = recipe;
  if (standIn !== undefined) stage.standIns?.set(standIn.url, () => standIn.answers[1]);
  const played: Played[] = [];
  for (const { about, sent, expected } of forgeries(recipe, call, known)) {
    const answered = await send(stage, sent);
    const wrong = wrongAnswer(answered, expected);
    // One that is stored all the same must go nowhere.
    if (answered.eventId !== null) wrong.push(...(await wrongDeliveries(scene, answered.eventId, 0)));
    played.push({ about, sent, answered, arrived: [], wrong });
  }
  return played;
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

/**
 * Asked, and not waited for: what is on its way to nobody never comes. On a server with flows of its own, those that
 * name no source take the recipe's calls, too: only what goes to the recipe's destinations is counted.
 */
async function wrongDeliveries({ stage, made }: Scene, id: string | null, count: number): Promise<string[]> {
  if (id === null) return [];
  const { deliveries }: { deliveries: { destination: string }[] } = await api(stage, 'GET', `/event/${id}`);
  const own = deliveries.filter(({ destination }) => made.includes(`/destination/${destination}`)).length;
  return own === count ? [] : [`${own} deliveries were planned, not ${count}`];
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
