/** State of a delivery as the wire has it: a number and its word. */
import Type, { type Static } from 'typebox';
import type { Attempt, DeliveryStatus } from '../core/delivery/delivery.ts';

const CODES = { delivered: 0, pending: 1, failed: 2, sending: 3, canceled: 4 } as const;
const WORDS = {
  delivered: 'success',
  pending: 'pending',
  failed: 'fail',
  sending: 'sending',
  canceled: 'canceled',
} as const;

export const MessageStatus = Type.Union(
  [Type.Literal(0), Type.Literal(1), Type.Literal(2), Type.Literal(3), Type.Literal(4)],
  { description: '0 success, 1 pending, 2 fail, 3 sending (failed so far, a retry is planned), 4 canceled.' },
);
export type MessageStatusValue = Static<typeof MessageStatus>;

export const MessageStatusText = Type.Union([
  Type.Literal('success'),
  Type.Literal('pending'),
  Type.Literal('fail'),
  Type.Literal('sending'),
  Type.Literal('canceled'),
]);

export const StatusCodeClass = Type.Union(
  [
    Type.Literal(0),
    Type.Literal(100),
    Type.Literal(200),
    Type.Literal(300),
    Type.Literal(400),
    Type.Literal(500),
  ],
  { description: '0 = there was no answer.' },
);

export const STATUS_QUERY = {
  status: Type.Optional(MessageStatus),
  expanded_statuses: Type.Optional(
    Type.Boolean({ description: 'False: for older clients, canceled (4) is answered as success (0).' }),
  ),
} as const;

/** `expanded: false` is for older clients, which do not know `canceled` and are told `success`. */
export function renderStatus(status: DeliveryStatus, options: { readonly expanded: boolean }) {
  const told: DeliveryStatus = status === 'canceled' && !options.expanded ? 'delivered' : status;
  return { status: CODES[told], statusText: WORDS[told] };
}

/** A failed try is a failed try, whether or not another is planned: that is the message's state, not the attempt's. */
export function renderAttemptStatus(status: Attempt['status'], options: { readonly expanded: boolean }) {
  return renderStatus(status === 'sending' ? 'failed' : status, options);
}

export function parseStatus(
  code: MessageStatusValue,
  options: { readonly expanded: boolean },
): readonly DeliveryStatus[] {
  if (code === 0 && !options.expanded) return ['delivered', 'canceled'];
  const statuses = Object.keys(CODES) as DeliveryStatus[];
  return statuses.filter((status) => CODES[status] === code);
}

/** The attempts that are answered with this status; none for `pending` and `sending`, which no attempt has. */
export function parseAttemptStatus(
  code: MessageStatusValue,
  options: { readonly expanded: boolean },
): readonly Attempt['status'][] {
  if (code === 2) return ['failed', 'sending'];
  return parseStatus(code, options).filter((status) => status === 'delivered' || status === 'canceled');
}
