import { SourceOut } from '../../../contract/source.ts';
import { defineOperation } from '../../define-operation.ts';
import { findSource, sourceOut, TAG, WRITE } from './source-of.ts';

export const pauseSource = defineOperation({
  id: 'source.pause',
  method: 'POST',
  path: '/api/v1/source/{source_id}/pause',
  tag: TAG,
  summary: 'Keep what a source receives, and deliver none of it for now',
  description: 'Senders notice nothing. Resuming delivers what was kept.',
  needs: WRITE,
  replies: { 200: SourceOut },
  problems: ['not_found'],
  async handle(call) {
    const before = await findSource(call);
    const after = { ...before, pausedAt: before.pausedAt ?? call.clock.now() };
    return call.commit('source.pause', [{ kind: 'source', before, after }], {
      status: 200,
      body: sourceOut(call, after),
    });
  },
});
