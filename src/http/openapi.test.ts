import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { docsPage } from './docs-page.ts';
import { openapiText } from './openapi.ts';
import { OPERATIONS } from './operations/index.ts';

test('docs/openapi.json is what the operations say (npm run openapi writes it)', async () => {
  const checkedIn = readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8');
  assert.equal(await openapiText(OPERATIONS), checkedIn);
});

test('each operation has an id, a route and a summary of its own', () => {
  const ids = OPERATIONS.map((operation) => operation.id);
  const routes = OPERATIONS.map(
    (operation) => `${operation.method} ${operation.path.replaceAll(/\{\w+\}/g, '{}')}`,
  );
  assert.deepEqual(ids, [...new Set(ids)]);
  assert.deepEqual(routes, [...new Set(routes)]);
  for (const operation of OPERATIONS) assert.match(operation.summary, /^.{5,120}$/, operation.id);
});

test('every reference in the document resolves', async () => {
  const text = await openapiText(OPERATIONS);
  const document = JSON.parse(text) as { components: Record<string, Record<string, unknown>> };
  for (const [, kind, name] of text.matchAll(/"#\/components\/(\w+)\/([^"]+)"/g)) {
    assert.ok(document.components[kind!]?.[name!], `${kind}/${name}`);
  }
});

test('the docs page shows every operation that is not hidden', () => {
  const page = docsPage(OPERATIONS, '1.2.3');
  for (const { id, hidden } of OPERATIONS) assert.equal(page.includes(`id="${id}"`), hidden !== true, id);
});
