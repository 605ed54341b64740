/** Writes docs/providers.md from the table of providers; test/made-documents.test.ts keeps it fresh. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { providersPage } from './providers-page.ts';

writeFileSync(fileURLToPath(new URL('../docs/providers.md', import.meta.url)), providersPage());
