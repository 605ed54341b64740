/** Every system of the old webhooks list, played against one Posthorn: honest calls, forged ones, answers, deliveries. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { playRecipe } from '../../recipes/play-recipe.ts';
import { readRecipe, recipeIds } from '../../recipes/recipe.ts';
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
