/** Options that say which events are meant. */
import type { Command } from 'commander';

export interface FilterOptions {
  readonly where: readonly string[];
  readonly type: readonly string[];
  readonly search?: string;
}

export interface FilterQuery {
  readonly source?: string[];
  readonly where?: string[];
  readonly type?: string[];
  readonly q?: string;
}

export function addFilterOptions(command: Command): Command {
  return command
    .option('--where <condition>', 'only what fits, e.g. body.amount>=100; may be repeated', repeated, [])
    .option(
      '--type <type>',
      'only of this type; * at the end stands for the rest; may be repeated',
      repeated,
      [],
    )
    .option('--search <words>', 'only what has all these words');
}

/** As the API takes it, in a query or in a body. */
export function filterQuery({ where, type, search }: FilterOptions, sourceId: string | null): FilterQuery {
  return {
    ...(sourceId === null ? {} : { source: [sourceId] }),
    ...(where.length === 0 ? {} : { where: [...where] }),
    ...(type.length === 0 ? {} : { type: [...type] }),
    ...(search === undefined ? {} : { q: search }),
  };
}

export function repeated(text: string, all: readonly string[]): readonly string[] {
  return [...all, text];
}
