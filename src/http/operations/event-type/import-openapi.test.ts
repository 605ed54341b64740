import assert from 'node:assert/strict';
import test from 'node:test';
import type { ApiException } from 'svix';
import { startPosthorn } from '../../../../test/support/posthorn.ts';

const YAML = `
openapi: 3.1.0
webhooks:
  pet.new:
    post:
      summary: A pet came
      deprecated: true
      x-svix-feature-flags: [beta]
      x-svix-group-name: pets
      requestBody:
        content:
          application/json:
            schema: { $ref: '#/components/schemas/Pet' }
components:
  schemas:
    Pet: { type: object, properties: { name: { type: string } } }
`;
const spec = (...names: string[]) => ({
  openapi: '3.1.0',
  webhooks: Object.fromEntries(names.map((name) => [name, { post: { description: `About ${name}` } }])),
});
const is = (code: number) => (error: ApiException<unknown>) => error.code === code;

test('webhooks of a YAML document become event types, and the same document changes nothing more', async () => {
  await using posthorn = await startPosthorn();
  const { eventType } = posthorn.sdk;
  const { data } = await eventType.importOpenapi({ specRaw: YAML });
  assert.deepEqual(data.modified, ['pet.new']);
  const made = await eventType.get('pet.new');
  assert.deepEqual(
    [made.description, made.deprecated, made.featureFlags, made.groupName, made.schemas],
    [
      'A pet came',
      true,
      ['beta'],
      'pets',
      { '1': { type: 'object', properties: { name: { type: 'string' } } } },
    ],
  );
  assert.deepEqual((await eventType.importOpenapi({ specRaw: YAML })).data.modified, []);
});

test('a dry run says what would change and changes nothing', async () => {
  await using posthorn = await startPosthorn();
  const { eventType } = posthorn.sdk;
  await eventType.create({ name: 'b', description: 'About b' });
  const { data } = await eventType.importOpenapi({ spec: spec('a', 'b'), dryRun: true });
  assert.deepEqual([data.modified, data.toModify?.map(({ name }) => name)], [[], ['a']]);
  assert.deepEqual(
    (await eventType.list()).data.map(({ name }) => name),
    ['b'],
  );
});

test('an import brings archived types back, and with replaceAll archives the rest', async () => {
  await using posthorn = await startPosthorn();
  const { eventType } = posthorn.sdk;
  for (const name of ['back', 'gone']) await eventType.create({ name, description: '' });
  await eventType.delete('back');
  await eventType.importOpenapi({ spec: spec('back') });
  assert.deepEqual(
    (await eventType.list()).data.map(({ name }) => name),
    ['back', 'gone'],
  );
  const { data } = await eventType.importOpenapi({ spec: spec('back'), replaceAll: true });
  assert.deepEqual(data.modified, ['gone']);
  assert.deepEqual(
    (await eventType.list()).data.map(({ name }) => name),
    ['back'],
  );
  assert.equal((await eventType.get('gone')).archived, true);
});

test('flags and groups that the document does not name stay: a hidden type is not shown by an import', async () => {
  await using posthorn = await startPosthorn();
  const { eventType } = posthorn.sdk;
  await eventType.create({ name: 'a', description: 'old', featureFlags: ['beta'], groupName: 'g' });
  await eventType.importOpenapi({ spec: spec('a') });
  const { description, featureFlags, groupName } = await eventType.get('a');
  assert.deepEqual([description, featureFlags, groupName], ['About a', ['beta'], 'g']);
});

test('neither or both documents are 400, unreadable ones 422, and nothing is made', async () => {
  await using posthorn = await startPosthorn();
  const { eventType } = posthorn.sdk;
  await assert.rejects(eventType.importOpenapi({}), is(400));
  await assert.rejects(eventType.importOpenapi({ spec: spec('a'), specRaw: YAML }), is(400));
  await assert.rejects(eventType.importOpenapi({ specRaw: 'a: [1' }), is(422));
  await assert.rejects(eventType.importOpenapi({ specRaw: `a: ${'['.repeat(10_000)}` }), is(422));
  await assert.rejects(eventType.importOpenapi({ spec: spec('good', 'not good') }), is(422));
  const lines = ['a: &a [x, x, x, x, x, x, x, x]'];
  for (let n = 0; n < 12; n++)
    lines.push(
      `${'b'.repeat(n + 1)}: &n${n} [${Array(8)
        .fill(n === 0 ? '*a' : `*n${n - 1}`)
        .join(', ')}]`,
    );
  await assert.rejects(eventType.importOpenapi({ specRaw: lines.join('\n') }), is(422));
  assert.deepEqual((await eventType.list()).data, []);
});
