import { renderHealth, SourceHealthOut } from '../../../contract/source.ts';
import { defineOperation } from '../../define-operation.ts';
import { findSource, READ, TAG } from './source-of.ts';

export const getSourceHealth = defineOperation({
  id: 'source.health',
  method: 'GET',
  path: '/api/v1/source/{source_id}/health',
  tag: TAG,
  summary: 'How a source is',
  description:
    '`silent`: nothing came for longer than `expectEverySeconds`. `failing`: its way in has trouble.',
  needs: READ,
  replies: { 200: SourceHealthOut },
  problems: ['not_found'],
  async handle(call) {
    const source = await findSource(call);
    const health = await call.engine.sources.health(call.organization, source);
    return { status: 200, body: renderHealth(health) };
  },
});
