/** Every system of the old webhooks list, played against one Posthorn: honest calls, forged ones, answers, deliveries. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { playRecipe } from '../../recipes/play-recipe.ts';
import { type RecipeCall, readRecipe, recipeIds } from '../../recipes/recipe.ts';
import { openStage, type Stage } from '../../recipes/stage.ts';

let stage: Stage;
before(async () => {
  stage = await openStage();
});
after(() => stage[Symbol.asyncDispose]());

for (const id of recipeIds()) {
  const recipe = readRecipe(id);
  test(`${recipe.system}: ${recipe.stoodFor}`, async () => {
    const played = await playRecipe(recipe, stage);
    for (const { about, wrong } of played) assert.deepEqual(wrong, [], about);
  });
}

/** The names of the old list; where a system had several ways, all of them. */
const OLD_LIST: Readonly<Record<string, readonly string[]>> = {
  DevjaVu: ['devjavu'],
  Bitbucket: ['bitbucket'],
  GitHub: ['github'],
  Shopify: ['shopify'],
  Versionshelf: ['versionshelf'],
  PayPal: ['paypal-ipn', 'paypal-webhooks'],
  Jott: ['jott'],
  IMified: ['imified'],
  PBwiki: ['pbwiki'],
  Facebook: ['facebook', 'facebook-signed-request', 'facebook-platform'],
  Mailhook: ['mailhook'],
  SMTP2Web: ['smtp2web'],
  Astrotrain: ['astrotrain'],
  Notifixious: ['notifixious'],
  Assembla: ['assembla'],
  Zendesk: ['zendesk'],
  'Google Code': ['google-code'],
  Dropbox: ['dropbox'],
  Gnip: ['gnip'],
  'Checkout by Amazon': ['amazon-checkout-iopn', 'amazon-checkout-callback'],
  Hubilicious: ['hubilicious'],
  Beanstalk: ['beanstalk'],
  'Google Checkout': ['google-checkout'],
  Mailchimp: ['mailchimp'],
  SurveyGizmo: ['surveygizmo'],
  'Hey!Watch': ['heywatch'],
  MySpace: ['myspace'],
  FetchApp: ['fetchapp'],
  OfficeAutopilot: ['officeautopilot'],
  'Kiln/FogBugz': ['kiln', 'fogbugz'],
  AlertGrid: ['alertgrid'],
  StorageRoom: ['storageroom'],
  IronWorker: ['ironworker'],
  HipChat: ['hipchat'],
  Chargify: ['chargify', 'chargify-md5'],
  Campfire: ['campfire'],
  Twitter: ['twitter'],
};

test('the whole list has recipes, and the table names each as its recipe does', () => {
  assert.equal(Object.keys(OLD_LIST).length, 37);
  assert.deepEqual(Object.values(OLD_LIST).flat().sort(), recipeIds());
  const table = readFileSync(new URL('../../recipes/README.md', import.meta.url), 'utf8');
  for (const { id, system, state, stoodFor, honouredBy } of recipeIds().map(readRecipe))
    assert.ok(
      table.includes(`| [${system}](${id}/README.md) | ${state} | ${stoodFor} | ${honouredBy} |`),
      `recipes/README.md has no row for ${id}, or another one`,
    );
});

test('a recipe that expects something else fails', async () => {
  const recipe = readRecipe('github');
  const [, push] = recipe.calls;
  const wrongly = async (changes: Partial<RecipeCall>): Promise<string> => {
    const played = await playRecipe({ ...recipe, calls: [{ ...push!, ...changes }] }, stage);
    return played.flatMap(({ wrong }) => wrong).join('; ');
  };
  assert.equal(await wrongly({}), '');
  assert.match(await wrongly({ event: { type: 'pull' } }), /event.type is "push", not "pull"/);
  assert.match(await wrongly({ answer: { status: 200, body: '' } }), /the answer is 202, not 200/);
  assert.match(await wrongly({ arrives: [{ at: '/hook', body: '{}' }] }), /at \/hook arrived/);
  assert.match(await wrongly({ forged: { status: 202 } }), /the answer is 401, not 202/);
  assert.match(await wrongly({ arrives: [] }), /1 deliveries were planned, not 0/);
});
