/** All migrations in order. A released one never changes; a new one gets the next version and a file of its own. */
import { init } from './0001-init.ts';

export interface Migration {
  readonly version: number;
  /** The oldest code, by its newest migration, that can work with a database of this version. */
  readonly minCode: number;
  readonly sql: string;
}

export const MIGRATIONS: readonly Migration[] = [init];
