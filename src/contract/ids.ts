/** References in paths: everywhere a path holds an id, the caller's own uid may stand instead. */
import Type from 'typebox';
import { type Id, PREFIXES, type PrefixName, parseId } from '../core/ids.ts';

/** What a path names: by bare id or by the caller's uid. Fits the catalog's ResourceRef. */
export type Ref<Name extends string> = { readonly id: Id<Name> } | { readonly uid: string };

/** `app_…` becomes `{ id }`, anything else is a uid. */
export function parseRef<Name extends string>(text: string, prefix: PrefixName): Ref<Name> {
  const id = parseId<Name>(text, prefix);
  return id === undefined ? { uid: text } : { id };
}

/** Shape of an id with its prefix in an answer. */
export function IdOut(prefix: PrefixName) {
  return Type.String({ description: `Begins with \`${PREFIXES[prefix]}\`.` });
}
