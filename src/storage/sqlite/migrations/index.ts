/** The migrations, oldest first. They go forward only: append, never change one that was released. */
import { init } from './0001-init.ts';

export interface Migration {
  /** 1, 2, 3, … */
  readonly version: number;
  /** The lowest code (= newest migration it knows) that can work with the schema after this one. */
  readonly minCode: number;
  readonly sql: string;
}

export const MIGRATIONS: readonly Migration[] = [init];
