import type { EventDocument } from '../../src/core/received/event-document.ts';
import type { ExpressionScope } from '../../src/ports/expressions.ts';

export const NOW = Date.UTC(2025, 0, 15, 12, 30, 45);

const DOCUMENT: EventDocument = {
  id: 'evt_1',
  source: 'src_1',
  type: 'order.created',
  receivedAt: '2025-01-15T12:30:45.000Z',
  method: 'POST',
  path: '/orders',
  query: { page: '2', tag: ['a', 'b'] },
  headers: { 'x-github-event': 'push', 'content-type': 'application/json' },
  body: null,
  envelope: null,
  files: [],
  contentType: 'application/json',
  size: 2,
  peer: '192.0.2.1',
  verified: true,
  via: 'http',
  key: null,
  dedupeKey: null,
  test: false,
  parseError: null,
  meta: null,
};

/** What an expression is evaluated over: a received event with this body. */
export function expressionScope(
  body: unknown,
  {
    event = {},
    raw,
    ...rest
  }: Partial<Omit<ExpressionScope, 'event'>> & { event?: Partial<EventDocument> } = {},
): ExpressionScope {
  return {
    event: { ...DOCUMENT, body, ...event },
    raw: raw ?? JSON.stringify(body) ?? '',
    now: NOW,
    secrets: { hook: 'hush-hush' },
    ...rest,
  };
}
