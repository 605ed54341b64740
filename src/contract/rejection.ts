/** Refused calls on the wire. */
import Type, { type Static } from 'typebox';
import { renderId } from '../core/ids.ts';
import type { Refusal } from '../core/received/refusal.ts';
import { IdOut } from './ids.ts';
import { ListResponse } from './page.ts';
import { Instant, Nullable, renderInstant } from './shape.ts';

export const RejectionOut = Type.Object(
  {
    id: IdOut('rejection'),
    at: Instant,
    reason: Type.String(),
    expected: Type.String(),
    got: Type.String(),
    method: Type.String(),
    path: Type.String(),
    peer: Nullable(Type.String()),
    headers: Type.Array(Type.Tuple([Type.String(), Type.String()]), {
      description: 'Credentials are masked.',
    }),
    bodyStart: Type.String({ description: 'The first bytes, as text.' }),
    bodyBytes: Type.Integer(),
  },
  { title: 'RejectionOut' },
);
export const RejectionList = ListResponse(RejectionOut, 'ListResponse_RejectionOut_');

export function renderRejection(rejection: Refusal): Static<typeof RejectionOut> {
  return {
    id: renderId(rejection.id, 'rejection'),
    at: renderInstant(rejection.at),
    reason: rejection.reason,
    expected: rejection.expected,
    got: rejection.got,
    method: rejection.method,
    path: rejection.path,
    peer: rejection.peer,
    headers: rejection.headers.map(([name, value]) => [name, value]),
    bodyStart: new TextDecoder().decode(rejection.bodyStart),
    bodyBytes: rejection.bodyBytes,
  };
}
