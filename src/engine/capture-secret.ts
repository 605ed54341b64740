/** Keeps the secret that a sender announced in its handshake (Asana, Notion): once, and only where the owner allowed it. */
import type { Source, SourceSecret } from '../core/catalog/resources.ts';
import type { Committer } from './committer.ts';
import type { EngineParts, Vault } from './engine.ts';
import type { LiveSource } from './live-source.ts';

export async function captureSecret(
  { organization, source }: LiveSource,
  secret: string,
  { committer, vault, parts }: { committer: Committer; vault: Vault; parts: EngineParts },
): Promise<void> {
  const before = await parts.storage.catalog.find(organization, 'source', { id: source.id }, null);
  if (before === null || !before.allowCapture || before.secrets !== null) return;
  const kept: SourceSecret[] = [{ secret, createdAt: parts.clock.now(), expiresAt: null }];
  const after: Source = {
    ...before,
    secrets: vault.seal(organization, source.id, JSON.stringify(kept)),
    allowCapture: false,
  };
  // `stale`: somebody wrote the source in this moment; the sender's next handshake finds it as it is then.
  await committer.commitOwn(organization, [{ kind: 'source', before, after }], 'source.capture-secret');
}
