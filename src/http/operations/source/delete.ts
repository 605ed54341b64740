import type { Edit } from '../../../engine/engine.ts';
import { defineOperation } from '../../define-operation.ts';
import { findSource, TAG, WRITE } from './source-of.ts';

export const deleteSource = defineOperation({
  id: 'source.delete',
  method: 'DELETE',
  path: '/api/v1/source/{source_id}',
  tag: TAG,
  summary: 'Delete a source',
  description: 'Its URL is gone at once. What it received stays until it expires.',
  needs: WRITE,
  replies: { 204: null },
  problems: ['not_found'],
  async handle(call) {
    const before = await findSource(call);
    const edits: Edit[] = [{ kind: 'source', before, after: null }];
    const state = await call.storage.catalog.find(
      call.organization,
      'source-state',
      { uid: before.id },
      null,
    );
    if (state !== null) edits.push({ kind: 'source-state', before: state, after: null });
    return call.commit('source.delete', edits, { status: 204, body: undefined });
  },
});
