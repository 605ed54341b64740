/** What an engine needs to receive: the real rooms, and by default nobody out there to ask. */
import type { EngineParts } from '../../src/engine/engine.ts';
import { createFormats } from '../../src/formats/create-formats.ts';
import type { Web } from '../../src/ports/web.ts';
import { PROVIDERS } from '../../src/providers/index.ts';
import { createExpressions } from '../../src/sandbox/create-expressions.ts';

export const NOBODY: Web = {
  ask: async () => ({ kind: 'unanswered', detail: 'Nobody is asked in this test.' }),
  resolve: async (host) => ({ refused: `${host} is not looked up in this test.` }),
  close: async () => {},
};

export function receivingParts(
  given: Partial<Pick<EngineParts, 'web' | 'inboundKinds'>> = {},
): Pick<EngineParts, 'web' | 'formats' | 'expressions' | 'providers' | 'inboundKinds'> {
  return {
    web: NOBODY,
    formats: createFormats(),
    expressions: createExpressions(),
    providers: PROVIDERS,
    inboundKinds: [],
    ...given,
  };
}
