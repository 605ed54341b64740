/** What went wrong, as a sentence for the source's health. Whatever else is thrown is a bug. */
import { Problem } from '../../core/problem.ts';
import { TryLater } from '../steady.ts';

export class Trouble extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Trouble';
  }
}

/** null = a bug, which is for the log. */
export function sentenceOf(error: unknown): string | null {
  const isExpected = error instanceof Trouble || error instanceof TryLater || error instanceof Problem;
  return isExpected ? error.message : null;
}
