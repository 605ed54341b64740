/** The range of time that a recovery covers. */
import { invalid } from './problem.ts';

const MINUTE = 60_000;
export const RECOVER_RANGE_MS_MAX = 14 * 24 * 60 * MINUTE;
/** Clocks differ, and a client that asks for 14 days until now has needed a moment to ask. */
const TOLERANCE_MS = 5 * MINUTE;

export interface RecoverRange {
  /** Inclusive. */
  readonly since: number;
  /** Exclusive. */
  readonly until: number;
}

/** `until` left out means now. Throws Problem `validation` for a range that is turned round or over 14 days. */
export function recoverRange(asked: {
  readonly since: number;
  readonly until: number | null;
  readonly now: number;
}): RecoverRange {
  const { since } = asked;
  const until = asked.until ?? asked.now;
  if (until < since) {
    throw invalid(
      ['body', asked.until === null ? 'since' : 'until'],
      'Give a `since` that lies before `until`.',
    );
  }
  if (until - since > RECOVER_RANGE_MS_MAX + TOLERANCE_MS) {
    throw invalid(
      ['body', 'since'],
      'Recover at most 14 days at a time: move `since` and `until` closer together.',
    );
  }
  return { since, until };
}
