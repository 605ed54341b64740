/** Writes docs/openapi.json from the list of operations; src/http/openapi.test.ts keeps it fresh. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openapiText } from '../src/http/openapi.ts';
import { OPERATIONS } from '../src/http/operations/index.ts';

writeFileSync(fileURLToPath(new URL('../docs/openapi.json', import.meta.url)), await openapiText(OPERATIONS));
