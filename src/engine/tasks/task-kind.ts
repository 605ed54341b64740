/** What a kind of background task is: a reader of its input, and one bounded step that may be repeated harmlessly. */
import type { BackgroundTask } from '../../core/catalog/resources.ts';
import type { OrganizationId } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import type { Storage } from '../../ports/storage.ts';
import type { Engine, Received } from '../engine.ts';

/** Items that one step reads or changes at most. */
export const STEP_ITEMS_MAX = 200;
/** Rows that a task keeps in its `data` at most; past it the data says `truncated`. */
export const RESULT_ROWS_MAX = 10_000;

export type TaskData = Readonly<Record<string, unknown>>;

export interface TaskKind<Input> {
  /** Reads a stored or given input; Problem('validation') when it does not fit. */
  readInput(input: TaskData): Input;
  /**
   * One page of work. What it returns is written in one go (cursor, progress and data), so a step that was cut short
   * by the death of the process runs again from the same cursor. A Problem other than `unavailable` fails the task.
   */
  step(input: Input, context: StepContext): Promise<Step>;
}

export interface StepContext {
  readonly organization: OrganizationId;
  readonly task: BackgroundTask;
  readonly storage: Pick<Storage, 'catalog' | 'history' | 'cluster'>;
  readonly replay: Engine['replay'];
  readonly received: Pick<Received, 'find' | 'plan'>;
  /** When the step began. */
  readonly now: number;
}

export interface Step {
  readonly cursor: string | null;
  /** Items that this step has done. */
  readonly done: number;
  /** Items that this step found out there will be. */
  readonly addTotal?: number;
  readonly finished: boolean;
  /** The next step begins so many ms later, and others may run meanwhile. */
  readonly restMs?: number;
  readonly data: TaskData;
}

/** A task of the same uid has not ended. */
export function runsAlready(): Problem {
  return new Problem('conflict', 'This very task is running: wait for it, or cancel it first.');
}

/** Keeps a kind's input type between `readInput` and `step`; the list of kinds forgets it. */
export function defineTask<Input>(kind: TaskKind<Input>): TaskKind<unknown> {
  return {
    readInput: kind.readInput,
    // A kind only ever gets what its own reader made.
    step: (input, context) => kind.step(input as Input, context),
  };
}
