/** Writes docs/settings.md from the table of settings; test/made-documents.test.ts keeps it fresh. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { settingsPage } from './settings-page.ts';

writeFileSync(fileURLToPath(new URL('../docs/settings.md', import.meta.url)), settingsPage());
