/** Which items are new, different or gone, against what was kept of the last round. Pure. */
import { Trouble } from '../asking/trouble.ts';
import { stepsOf, valueAt } from './at-path.ts';
import { fingerprint } from './fingerprint.ts';

/** An item as it was seen last: its id, its fingerprint, and its value where there is room for it. */
export type KeptItem = readonly [id: string, hash: string, value?: unknown];

export interface Item {
  readonly id: string;
  readonly value: unknown;
}

export type Change =
  | { readonly kind: 'created'; readonly id: string; readonly hash: string; readonly after: unknown }
  /** `before` is undefined when there was no room to keep it. */
  | {
      readonly kind: 'updated';
      readonly id: string;
      readonly hash: string;
      readonly before: unknown;
      readonly after: unknown;
    }
  | { readonly kind: 'deleted'; readonly id: string; readonly hash: string; readonly before: unknown };

export const ITEMS_MAX = 10_000;
/** JSON text of all values kept; an item past it is known by its fingerprint alone. */
const KEPT_CHARS_MAX = 500_000;
const KEPT_ITEM_CHARS_MAX = 65_536;
const ID_CHARS_MAX = 500;

/** The items of a list by their ids; of several with one id the last counts. */
export function identify(list: readonly unknown[], idKey: string): Item[] {
  const steps = stepsOf(idKey);
  const items = new Map<string, Item>();
  list.forEach((value, at) => {
    const id = valueAt(value, steps);
    if ((typeof id !== 'string' && typeof id !== 'number') || id === '' || String(id).length > ID_CHARS_MAX)
      throw new Trouble(
        `Item ${at} of the list has no usable id at "${idKey}"; say in \`idKey\` which member is the id`,
      );
    items.set(String(id), { id: String(id), value });
  });
  if (items.size > ITEMS_MAX)
    throw new Trouble(
      `The answer holds ${items.size} items; at most ${ITEMS_MAX} are compared. Ask for fewer`,
    );
  return [...items.values()];
}

export interface Comparison {
  /** In the order of the answer; what is gone comes last. */
  readonly changes: readonly Change[];
  /** Oldest first. */
  readonly kept: readonly KeptItem[];
}

export interface CompareOptions {
  /** Paths whose change is none. */
  readonly ignore: readonly string[];
  /** Whether what is missing is gone; else it is remembered for as long as there is room. */
  readonly missingIsGone: boolean;
}

export function compareItems(
  before: readonly KeptItem[],
  items: readonly Item[],
  { ignore, missingIsGone }: CompareOptions,
): Comparison {
  const ignored = ignore.map(stepsOf);
  const missing = new Map(before.map((item) => [item[0], item]));
  const seen: KeptItem[] = [];
  const changes: Change[] = [];
  for (const { id, value } of items) {
    const hash = fingerprint(value, ignored);
    const old = missing.get(id);
    missing.delete(id);
    seen.push([id, hash, value]);
    if (old === undefined) changes.push({ kind: 'created', id, hash, after: value });
    else if (old[1] !== hash) changes.push({ kind: 'updated', id, hash, before: old[2], after: value });
  }
  if (!missingIsGone) return { changes, kept: withinBounds([...missing.values(), ...seen]) };
  for (const [id, hash, value] of missing.values())
    changes.push({ kind: 'deleted', id, hash, before: value });
  return { changes, kept: withinBounds(seen) };
}

/** The newest items, and values of the newest of them. */
function withinBounds(items: readonly KeptItem[]): KeptItem[] {
  let chars = 0;
  return items
    .slice(-ITEMS_MAX)
    .reverse()
    .map(([id, hash, value]): KeptItem => {
      const size = value === undefined ? 0 : JSON.stringify(value).length;
      if (value === undefined || size > KEPT_ITEM_CHARS_MAX || chars + size > KEPT_CHARS_MAX)
        return [id, hash];
      chars += size;
      return [id, hash, value];
    })
    .reverse();
}
