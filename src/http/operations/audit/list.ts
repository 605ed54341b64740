import { AuditList, renderAuditEntry } from '../../../contract/audit.ts';
import { PageQuery, parsePage, renderPage } from '../../../contract/page.ts';
import { parseId, renderId } from '../../../core/ids.ts';
import { invalid } from '../../../core/problem.ts';
import { defineOperation } from '../../define-operation.ts';

export const listAudit = defineOperation({
  id: 'audit.list',
  method: 'GET',
  path: '/api/v1/audit',
  tag: 'Audit',
  summary: 'Who changed what, newest first.',
  description: 'Pages go on with `iterator`; there is no way back, because new entries come at the front.',
  needs: { role: 'owner', scope: 'organization', permission: 'audit:read' },
  query: PageQuery,
  replies: { 200: AuditList },
  problems: [],
  async handle(call) {
    const page = parsePage(call.query, {
      parse: (text) => parseId(text, 'audit'),
      defaultOrder: 'descending',
    });
    if (page.backwards)
      throw invalid(['query', 'iterator'], 'The audit log is read forwards only: pass `iterator`.');
    const { organization } = call;
    const rows = await call.storage.catalog.audit(organization, {
      before: page.after,
      limit: page.readLimit,
    });
    const iterator = (row: { readonly id: string }): string => renderId(row.id, 'audit');
    const body = { ...renderPage(rows, page, { item: renderAuditEntry, iterator }), prevIterator: null };
    return { status: 200, body };
  },
});
