/** Members of what another server shows, as ours have them. Whether they fit is for the shapes to say. */
import type { JsonObject } from '../../core/catalog/json-pointer.ts';
import { Problem } from '../../core/problem.ts';

/** Throws Problem when it shows none: nothing could tell it from the others. */
export function idOf({ id }: JsonObject): string {
  if (typeof id === 'string' && id !== '') return id;
  throw new Problem('validation', 'Its server shows no id of it.');
}

export function uidOf({ uid }: JsonObject): string | null {
  return uid === undefined ? null : (uid as string | null);
}

/** 0 and absent mean no limit; `rateLimit` is the older name. */
export function rateOf({ throttleRate, rateLimit }: JsonObject): number | null {
  return ((throttleRate ?? rateLimit) as number | null | undefined) || null;
}

export function metadataOf({ metadata }: JsonObject): Record<string, string> {
  return (metadata ?? {}) as Record<string, string>;
}

/** A filter; an empty one lets everything pass, as none does. */
export function namesOf(names: JsonObject[string]): string[] | null {
  return Array.isArray(names) && names.length === 0 ? null : ((names ?? null) as string[] | null);
}

/** How people know it. */
export function subjectOf({ id, uid }: JsonObject): string {
  return typeof uid === 'string' ? `${id} (${uid})` : String(id);
}
