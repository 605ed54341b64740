import { renderInstant } from '../../../contract/shape.ts';
import { SourceSecretRotateIn, SourceSecretsOut } from '../../../contract/source.ts';
import type { Source, SourceSecret } from '../../../core/catalog/resources.ts';
import { defineOperation } from '../../define-operation.ts';
import { findSource, openSecrets, sealed, TAG, WRITE } from './source-of.ts';

const SECRET_BYTES = 32;
const KEEP_OLD_SECONDS = 86_400;

export const rotateSourceSecret = defineOperation({
  id: 'source.rotate-secret',
  method: 'POST',
  path: '/api/v1/source/{source_id}/secret/rotate',
  tag: TAG,
  summary: 'Give a source a new secret',
  description:
    'Old secrets are accepted for `keepOldSeconds` more (a day unless said). Without `secret` one is made, to be given to the provider.',
  needs: WRITE,
  isSecret: true,
  body: SourceSecretRotateIn,
  replies: { 200: SourceSecretsOut },
  problems: ['not_found'],
  async handle(call) {
    const before = await findSource(call);
    const now = call.clock.now();
    const oldUntil = now + (call.body.keepOldSeconds ?? KEEP_OLD_SECONDS) * 1000;
    const secret = call.body.secret ?? Buffer.from(call.dice.bytes(SECRET_BYTES)).toString('hex');
    const secrets: SourceSecret[] = [
      { secret, createdAt: now, expiresAt: null },
      ...openSecrets(call, before)
        .filter((old) => old.secret !== secret && (old.expiresAt ?? oldUntil) > now && oldUntil > now)
        .map((old) => ({ ...old, expiresAt: Math.min(old.expiresAt ?? oldUntil, oldUntil) })),
    ];
    const after: Source = { ...before, secrets: sealed(call, before.id, secrets) };
    call.engine.sources.check(call.organization, after);
    return call.commit('source.rotate-secret', [{ kind: 'source', before, after }], {
      status: 200,
      body: {
        secrets: secrets.map((each) => ({
          secret: each.secret,
          expiresAt: each.expiresAt === null ? null : renderInstant(each.expiresAt),
        })),
      },
    });
  },
});
