/** Keeps the secret that a sender announced in its handshake (Asana, Notion): once, and only where the owner allowed it. */
import type { Source, SourceSecret } from '../core/catalog/resources.ts';
import type { Committer } from './committer.ts';
import type { EngineParts, Vault } from './engine.ts';
import type { LiveSource } from './live-source.ts';

/** Whether it is kept: of several that are announced at the same time only one is. */
export async function captureSecret(
  { organization, source }: LiveSource,
  secret: string,
  { committer, vault, parts }: { committer: Committer; vault: Vault; parts: EngineParts },
): Promise<boolean> {
  const before = await parts.storage.catalog.find(organization, 'source', { id: source.id }, null);
  if (before === null || !before.allowCapture || before.secrets !== null) return false;
  const kept: SourceSecret[] = [{ secret, createdAt: parts.clock.now(), expiresAt: null }];
  const after: Source = {
    ...before,
    secrets: vault.seal(organization, source.id, JSON.stringify(kept)),
    allowCapture: false,
  };
  // `stale`: somebody wrote the source in this moment; the sender's next handshake finds it as it is then.
  const edit = { kind: 'source' as const, before, after };
  return (await committer.commitOwn(organization, [edit], 'source.capture-secret')) === 'done';
}
