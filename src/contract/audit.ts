/** The audit log: who changed what, without secrets. */
import Type, { type Static } from 'typebox';
import { renderId } from '../core/ids.ts';
import { IdOut } from './ids.ts';
import { ListResponse } from './page.ts';
import { Instant, Nullable, renderInstant } from './shape.ts';

const Members = Type.Record(Type.String(), Type.Unknown());

export const AuditEntryOut = Type.Object(
  {
    id: IdOut('audit'),
    at: Instant,
    actorKind: Type.String({
      description: '`organization-token`, `app-token`, `api-key`, `user`, `system` or `cli`.',
    }),
    actorId: Type.String(),
    action: Type.String({ description: 'E.g. `endpoint.update`.' }),
    subject: Type.String({ description: 'What was changed.' }),
    before: Nullable(Members),
    after: Nullable(Members),
  },
  { title: 'AuditEntryOut' },
);

export const AuditList = ListResponse(AuditEntryOut, 'ListResponse_AuditEntryOut_');

/** As the catalog's port gives it. */
export interface AuditLine {
  readonly id: string;
  readonly at: number;
  readonly actorKind: string;
  readonly actorId: string;
  readonly action: string;
  readonly subject: string;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}

export function renderAuditEntry(line: AuditLine): Static<typeof AuditEntryOut> {
  return {
    id: renderId(line.id, 'audit'),
    at: renderInstant(line.at),
    actorKind: line.actorKind,
    actorId: line.actorId,
    action: line.action,
    subject: line.subject,
    before: line.before,
    after: line.after,
  };
}
