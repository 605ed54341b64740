/** States of a delivery as people are told them (docs/architecture.md). */
import type { DeliveryStatus } from './delivery.ts';

export const STATE_NAMES = {
  pending: 'queued',
  sending: 'waiting',
  delivered: 'delivered',
  failed: 'failed',
  canceled: 'canceled',
} as const satisfies Record<DeliveryStatus, string>;
export type StateName = (typeof STATE_NAMES)[DeliveryStatus];

/** Of an event with these deliveries: how far they are, all together. `stored` = it goes nowhere. */
export function overallState(
  statuses: readonly DeliveryStatus[],
): 'stored' | 'underway' | 'delivered' | 'failed' {
  if (statuses.length === 0) return 'stored';
  if (statuses.some((status) => status === 'pending' || status === 'sending')) return 'underway';
  return statuses.every((status) => status === 'delivered') ? 'delivered' : 'failed';
}
