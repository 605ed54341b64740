import { renderInstant } from '../../../contract/shape.ts';
import { SourceSecretsOut } from '../../../contract/source.ts';
import { defineOperation } from '../../define-operation.ts';
import { findSource, openSecrets, TAG, WRITE } from './source-of.ts';

export const getSourceSecrets = defineOperation({
  id: 'source.get-secrets',
  method: 'GET',
  path: '/api/v1/source/{source_id}/secret',
  tag: TAG,
  summary: 'Show the secrets of a source',
  needs: WRITE,
  isSecret: true,
  replies: { 200: SourceSecretsOut },
  problems: ['not_found'],
  async handle(call) {
    const secrets = openSecrets(call, await findSource(call)).map(({ secret, expiresAt }) => ({
      secret,
      expiresAt: expiresAt === null ? null : renderInstant(expiresAt),
    }));
    return { status: 200, body: { secrets } };
  },
});
