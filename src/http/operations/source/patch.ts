import { SourceOut, SourcePatch } from '../../../contract/source.ts';
import { defineOperation } from '../../define-operation.ts';
import { changedSource, findSource, sourceOut, TAG, WRITE } from './source-of.ts';

export const patchSource = defineOperation({
  id: 'source.patch',
  method: 'PATCH',
  path: '/api/v1/source/{source_id}',
  tag: TAG,
  summary: 'Change members of a source',
  description: 'What the body leaves out stays; null clears what may be cleared. URL and kind never change.',
  needs: WRITE,
  body: SourcePatch,
  replies: { 200: SourceOut },
  problems: ['not_found', 'conflict'],
  async handle(call) {
    const before = await findSource(call);
    const after = changedSource(call, before, call.body);
    return call.commit('source.update', [{ kind: 'source', before, after }], {
      status: 200,
      body: sourceOut(call, after),
    });
  },
});
