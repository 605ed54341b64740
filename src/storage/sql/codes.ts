/** Words that are stored as small integers. Append only: the position is what the database holds. */
import type { Attempt, Trigger } from '../../core/delivery/delivery.ts';
import type { Health } from '../../core/delivery/health.ts';

const OUTCOMES: readonly Attempt['outcome'][] = [
  'answered',
  'oversized',
  'timed-out',
  'unreachable',
  'tls-failed',
  'blocked',
  'unrenderable',
  'canceled',
];
const STATUSES: readonly Attempt['status'][] = ['delivered', 'failed', 'sending', 'canceled'];
const TRIGGERS: readonly Trigger[] = ['scheduled', 'manual'];
const CIRCUITS: readonly Health['circuit'][] = ['closed', 'open', 'half-open'];

export const SCHEDULED = 0;
export const MANUAL = 1;
export const DELIVERED = 0;
export const FAILED = 1;
export const SENDING = 2;
export const CANCELED = 3;
export const OUTCOME_CANCELED = 7;
/**
 * Added to the status of an attempt that ended after its delivery was settled by something else and did not deliver:
 * it is history, and does not decide the state of the delivery.
 */
export const LATE = 4;

export const outcomeCode = (outcome: Attempt['outcome']): number => OUTCOMES.indexOf(outcome);
export const outcomeOf = (code: number): Attempt['outcome'] => OUTCOMES[code]!;
export const statusCode = (status: Attempt['status']): number => STATUSES.indexOf(status);
export const statusOf = (code: number): Attempt['status'] => STATUSES[code % LATE]!;
export const triggerCode = (trigger: Trigger): number => (trigger === 'manual' ? MANUAL : SCHEDULED);
export const triggerOf = (code: number): Trigger => TRIGGERS[code]!;
export const circuitCode = (circuit: Health['circuit']): number => CIRCUITS.indexOf(circuit);
export const circuitOf = (code: number): Health['circuit'] => CIRCUITS[code]!;
