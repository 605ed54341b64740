import { createHash } from 'node:crypto';
import { parseInstant } from '../../contract/shape.ts';
import { type Id, newId, type PrefixName, parseId } from '../../core/ids.ts';

/**
 * The id that a resource of another server has here: its own, or when that is no id of ours, one made from it, which
 * is the same at each import.
 */
export function keptId<Name extends string>(text: string, prefix: PrefixName, createdAt: number): Id<Name> {
  return parseId(text, prefix) ?? newId(createdAt, createHash('sha256').update(text).digest());
}

/** When a resource was made; the first instant that an id can have when the other server does not say. */
export function createdAtOf(createdAt: unknown): number {
  const at = typeof createdAt === 'string' ? parseInstant(createdAt) : undefined;
  return Math.max(at ?? 0, ID_EPOCH_MS);
}
const ID_EPOCH_MS = 1_400_000_000_000;
