import { SourceOut } from '../../../contract/source.ts';
import { defineOperation } from '../../define-operation.ts';
import { findSource, freshToken, sourceOut, TAG, WRITE } from './source-of.ts';

export const rotateSourceUrl = defineOperation({
  id: 'source.rotate-url',
  method: 'POST',
  path: '/api/v1/source/{source_id}/rotate-url',
  tag: TAG,
  summary: 'Give a source a new URL',
  description: 'The old one is gone at once.',
  needs: WRITE,
  isSecret: true,
  replies: { 200: SourceOut },
  problems: ['not_found'],
  async handle(call) {
    const before = await findSource(call);
    const after = { ...before, ...freshToken(call, before.id) };
    return call.commit('source.rotate-url', [{ kind: 'source', before, after }], {
      status: 200,
      body: sourceOut(call, after),
    });
  },
});
