/** Columns of an export: paths into events as they are answered. */
import type { Static } from 'typebox';
import type { EventOut } from '../../../contract/event.ts';
import { parseColumn } from '../../../contract/where.ts';
import { isKnownBeforehand } from '../../../core/received/event-query.ts';
import type { SearchPath } from '../../../core/search/filter.ts';

const VALUES_MAX = 1_000;

export interface Column {
  readonly name: string;
  readonly path: SearchPath;
}

/** Problem validation at `query.columns`. */
export function columnsOf(names: readonly string[]): Column[] {
  return names.map((name, index) => ({ name, path: parseColumn(name, ['query', 'columns', index]) }));
}

/** Whether a column can only be told from the bytes. */
export function readsContent({ path }: Column): boolean {
  return !isKnownBeforehand(path);
}

/** undefined = it is not there. With `[]` in its path it is the list of what is found. */
export function valueIn(event: Static<typeof EventOut>, { path }: Column): unknown {
  const isList = path.includes(null);
  let values: unknown[] = [event];
  for (const step of path) {
    values = values.flatMap((value) => stepInto(value, step)).slice(0, VALUES_MAX);
  }
  return isList ? values : values[0];
}

function stepInto(value: unknown, step: SearchPath[number]): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  if (step === null) return Array.isArray(value) ? value : [];
  if (typeof step === 'number') return Array.isArray(value) && step < value.length ? [value[step]] : [];
  return Object.hasOwn(value, step) ? [(value as Record<string, unknown>)[step]] : [];
}
