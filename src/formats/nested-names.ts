/**
 * Names with brackets, as PHP and Rails read them: `a[b]=1` is {a:{b}}, `a[]=1&a[]=2` and `a=1&a=2` are {a:[1,2]},
 * `a[0]=x&a[1]=y` is an array too, and `a[][x]=1&a[][y]=2&a[][x]=3` is [{x:1,y:2},{x:3}]. A name whose brackets do not
 * fit, or that contradicts an earlier one (`a=1&a[b]=2`), keeps its brackets and becomes a member of its own.
 */
import { isObject } from '../core/is-object.ts';
import { addOwn, getOwn, type Members, setOwn } from './own.ts';

/** `name` as the path it means; null when it is not one, or deeper than `depth`. `''` = append. */
export function pathOf(name: string, depth: number): string[] | null {
  const open = name.indexOf('[');
  if (open < 0) return [name];
  if (open === 0 || !name.endsWith(']')) return null;
  const keys = name.slice(open + 1, -1).split('][', depth + 1);
  if (keys.length > depth || keys.some((key) => /[[\]]/.test(key))) return null;
  return [name.slice(0, open), ...keys];
}

/** Collects pairs; `done` gives the tree. */
export class NestedNames {
  readonly #tree: Members = {};
  readonly #depth: number;
  #bracketed = false;

  constructor(depth: number) {
    this.#depth = depth;
  }

  add(name: string, value: unknown): void {
    const path = pathOf(name, this.#depth);
    const isNested = path !== null && path.length > 1;
    this.#bracketed ||= isNested;
    if (!isNested || !place(this.#tree, path, value)) addOwn(this.#tree, name, value);
  }

  done(): Members {
    if (this.#bracketed)
      for (const name of Object.keys(this.#tree)) setOwn(this.#tree, name, withArrays(this.#tree[name]));
    return this.#tree;
  }
}

type Container = Members | unknown[];

/** False, and nothing changed that shows, when something else is in the way. */
function place(tree: Members, path: readonly string[], value: unknown): boolean {
  let at: Container = tree;
  for (let i = 0; i < path.length - 1; i += 1) {
    const next = enter(at, path[i]!, path.slice(i + 1));
    if (next === null) return false;
    at = next;
  }
  const last = path.at(-1)!;
  if (Array.isArray(at)) {
    if (last !== '') return false;
    at.push(value);
    return true;
  }
  if (last === '') return false;
  const before = getOwn(at, last);
  if (typeof before === 'object' && before !== null && !isRepeated(before)) return false;
  addOwn(at, last, value);
  return true;
}

const isRepeated = (value: unknown): boolean => Array.isArray(value) && typeof value.at(-1) === 'string';

/** The container at `key` for what follows, made when it is not there; null when it is of the wrong sort. */
function enter(at: Container, key: string, rest: readonly string[]): Container | null {
  const wantsArray = rest[0] === '';
  const existing = Array.isArray(at) ? at.at(-1) : getOwn(at, key);
  if (Array.isArray(at)) {
    if (key !== '') return null;
    const goesOn =
      isObject(existing) && !wantsArray && !(rest.length === 1 && Object.hasOwn(existing, rest[0]!));
    if (goesOn) return existing;
    const made: Container = wantsArray ? [] : {};
    at.push(made);
    return made;
  }
  if (key === '') return null;
  if (existing === undefined) {
    const made: Container = wantsArray ? [] : {};
    setOwn(at, key, made);
    return made;
  }
  if (wantsArray) return Array.isArray(existing) ? existing : null;
  return isObject(existing) ? existing : null;
}

/** `{0: x, 1: y}` as [x, y]: what a counting loop sent. */
function withArrays(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withArrays);
  if (!isObject(value)) return value;
  const names = Object.keys(value);
  if (names.length > 0 && names.every((name, index) => name === String(index)))
    return names.map((name) => withArrays(value[name]));
  for (const name of names) setOwn(value, name, withArrays(value[name]));
  return value;
}
