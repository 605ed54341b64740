import type { Storage } from '../../../ports/storage.ts';

/** True when a write would be durable now. Why not is in the log of the store, not in a public answer. */
export async function storeAnswers(storage: Storage): Promise<boolean> {
  try {
    await storage.upkeep.ping();
    return true;
  } catch {
    return false;
  }
}
