import { SourceIn, SourceOut } from '../../../contract/source.ts';
import { defineOperation } from '../../define-operation.ts';
import { newSource, sourceOut, TAG, WRITE } from './source-of.ts';

export const createSource = defineOperation({
  id: 'source.create',
  method: 'POST',
  path: '/api/v1/source',
  tag: TAG,
  summary: 'Create a source',
  description:
    'The answer has its URL, which takes calls at once. With a provider, calls that it did not sign are refused.',
  needs: WRITE,
  body: SourceIn,
  replies: { 201: SourceOut },
  problems: ['conflict'],
  async handle(call) {
    const after = newSource(call, call.body);
    return call.commit('source.create', [{ kind: 'source', before: null, after }], {
      status: 201,
      body: sourceOut(call, after),
    });
  },
});
