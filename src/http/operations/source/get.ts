import { SourceOut } from '../../../contract/source.ts';
import { defineOperation } from '../../define-operation.ts';
import { findSource, READ, sourceOut, TAG } from './source-of.ts';

export const getSource = defineOperation({
  id: 'source.get',
  method: 'GET',
  path: '/api/v1/source/{source_id}',
  tag: TAG,
  summary: 'Get a source',
  needs: READ,
  replies: { 200: SourceOut },
  problems: ['not_found'],
  async handle(call) {
    return { status: 200, body: sourceOut(call, await findSource(call)) };
  },
});
