/** Edits of documents as the store takes them. */
import type { Change } from '../ports/catalog.ts';
import type { Edit } from './engine.ts';

/** Members of a destination that decide whether a call can succeed. */
const CALLED_MEMBERS = [
  'url',
  'headers',
  'auth',
  'tls',
  'method',
  'timeoutMs',
  'allowHttp2',
  'keys',
] as const;

/**
 * The edit as it is written. What the caller stamped as the time of the change stays, because the answer that was
 * made from it says so too.
 */
export function stamped(edit: Edit, now: number): Edit {
  const { before, after } = edit;
  if (after === null) return edit;
  const version = before === null ? 1 : before.version + 1;
  const isStamped = after.updatedAt > (before?.updatedAt ?? 0);
  return { ...edit, after: { ...after, version, updatedAt: isStamped ? after.updatedAt : now } } as Edit;
}

export function changeOf({ kind, before, after }: Edit): Change {
  if (after === null) return { op: 'remove', kind, id: before?.id ?? '' };
  return { op: before === null ? 'insert' : 'update', kind, resource: after } as Change;
}

/** Re-enabled, or changed in a way that may have mended it: what was held against it no longer counts. */
export function isForgiven(edit: Edit): boolean {
  if (edit.kind !== 'destination' || edit.before === null) return false;
  const { before, after } = edit;
  if (after === null || (before.disabled && !after.disabled)) return true;
  return CALLED_MEMBERS.some((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}
