/**
 * `npm run recipe -- <id>` plays one recipe on a Posthorn of its own in a temporary folder; with `--server URL` and
 * `--token T` on one that runs (`--smtp HOST:PORT` for its mail port). Without an id it lists them.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Played, playRecipe } from './play-recipe.ts';
import { readRecipe, recipeIds } from './recipe.ts';
import { joinStage, openStage, type Stage } from './stage.ts';

const BODY_SHOWN = 600;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { server: { type: 'string' }, token: { type: 'string' }, smtp: { type: 'string' } },
});
const [id] = positionals;
if (id === undefined || !recipeIds().includes(id)) {
  if (id !== undefined) console.error(`There is no recipe "${id}". These are there:\n`);
  for (const each of recipeIds()) console.log(`${each.padEnd(26)} ${readRecipe(each).stoodFor}`);
  console.log('\nnpm run recipe -- <id> [--server URL --token T [--smtp HOST:PORT]]');
  process.exit(id === undefined ? 0 : 2);
}
const folder = mkdtempSync(join(tmpdir(), 'posthorn-recipe-'));
try {
  await using stage = await (options.server === undefined
    ? openStage(join(folder, 'posthorn.db'))
    : running());
  process.exitCode = await run(id, stage);
} finally {
  rmSync(folder, { recursive: true });
}

async function running(): Promise<Stage> {
  const [host, port] = options.smtp?.split(':') ?? [];
  const url = options.server!.replace(/\/$/, '');
  const token = options.token ?? process.env.POSTHORN_TOKEN ?? '';
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${url}/api/v1/source?limit=1`, { headers }).catch(() => null);
  if (answer === null) give(`Nothing answers at ${url}: start the server, or correct --server.`);
  if (!answer.ok) give(`${url} answered ${answer.status}: is --token one of its own? ${await answer.text()}`);
  return joinStage({
    url,
    token,
    smtp: host === undefined ? null : { host, port: Number(port) },
  });
}

/** Ends with what to do: nothing was made yet. */
function give(up: string): never {
  console.error(up);
  rmSync(folder, { recursive: true });
  process.exit(2);
}

async function run(name: string, stage: Stage): Promise<number> {
  const recipe = readRecipe(name);
  if (recipe.standIn !== undefined && stage.standIns === null) {
    console.error(
      `${recipe.system} has to confirm its calls, and did not make this one: play it without --server.`,
    );
    return 2;
  }
  if (stage.smtp === null && recipe.calls.some(({ mail }) => mail !== undefined)) {
    console.error(
      'This recipe sends mail: start the server with POSTHORN_SMTP_LISTEN and say where (--smtp HOST:PORT).',
    );
    return 2;
  }
  console.log(`${recipe.system}: ${recipe.stoodFor}\nby ${recipe.honouredBy}\n`);
  const played = await playRecipe(recipe, stage);
  for (const each of played) show(each);
  return played.some(({ wrong }) => wrong.length > 0) ? 1 : 0;
}

function show({ about, sent, answered, arrived, wrong }: Played): void {
  console.log(`── ${about}`);
  if (sent !== null) {
    console.log(`   > ${sent.method} ${sent.path}`);
    for (const [name, value] of Object.entries(sent.headers)) console.log(`   > ${name}: ${value}`);
    showText('   >', sent.body?.toString() ?? '');
  }
  if (answered !== null) showText('   <', `${answered.status} ${answered.text}`);
  for (const { method, url, body } of arrived) {
    console.log(`   → ${method} ${url}`);
    showText('   →', body.toString());
  }
  console.log(wrong.length === 0 ? '   as it should be\n' : `   NOT AS IT SHOULD BE: ${wrong.join('; ')}\n`);
}

function showText(mark: string, text: string): void {
  for (const line of text.slice(0, BODY_SHOWN).split(/\r?\n/))
    if (line !== '') console.log(`${mark} ${line}`);
}
