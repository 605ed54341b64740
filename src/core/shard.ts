/**
 * Shards cut the work into pieces that nodes can hold. The last characters of an id are random, so they make an even
 * hash; `posthorn_shard` in the PostgreSQL schema is the same function.
 */

/** Fixed for the life of a store: many more than nodes, few enough to list in one read. */
export const SHARDS = 256;

/** The shard of a bare id (or of any text that does not end in something regular): 0 … SHARDS - 1. */
export function shardOf(id: string): number {
  let hash = 0;
  for (let i = Math.max(0, id.length - 4); i < id.length; i++) hash = hash * 31 + id.charCodeAt(i);
  return hash % SHARDS;
}
