import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { providersPage } from '../scripts/providers-page.ts';
import { settingsPage } from '../scripts/settings-page.ts';
import { ROOT } from './support/source-files.ts';

test('docs/settings.md says what the table of settings says', () => {
  assert.equal(readFileSync(join(ROOT, 'docs/settings.md'), 'utf8'), settingsPage());
});

test('docs/providers.md says what the table of providers says', () => {
  assert.equal(readFileSync(join(ROOT, 'docs/providers.md'), 'utf8'), providersPage());
});
