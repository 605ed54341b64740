/**
 * What came of one attempt: a value, never an exception. Outbound makes it, `core/delivery/settle.ts` reads it,
 * history keeps it.
 */
export type Outcome = Answered | Unanswered;

/** The receiver answered with a status line. */
export interface Answered {
  /** `oversized`: the body passed the read cap and the connection was dropped; the status still decides success. */
  readonly kind: 'answered' | 'oversized';
  readonly statusCode: number;
  /** At most `RESPONSE_BYTES_STORED` bytes of the body. */
  readonly body: Uint8Array;
  /** The Retry-After header as it came, if any. */
  readonly retryAfter: string | undefined;
  readonly durationMs: number;
}

/** There was no (complete) answer. `detail` is a sentence for people; it never holds a secret. */
export interface Unanswered {
  readonly kind:
    | 'timed-out' /* no complete answer within the endpoint's timeout */
    | 'unreachable' /* DNS, refused, reset, closed early, proxy refused */
    | 'tls-failed' /* handshake or certificate */
    | 'blocked' /* refused by the SSRF guard before a byte was sent; permanent until settings change */
    | 'unrenderable' /* the request could not be made: bad URL, transformation, OAuth2 token; nothing was sent */;
  readonly detail: string;
  readonly durationMs: number;
}

export type OutcomeKind = Outcome['kind'];

/** Bytes of a response body that are kept. */
export const RESPONSE_BYTES_STORED = 20_000;
/** Bytes of a response body after which we stop reading and drop the connection. */
export const RESPONSE_BYTES_READ = 256 * 1024;

export function isAnswered(outcome: Outcome): outcome is Answered {
  return outcome.kind === 'answered' || outcome.kind === 'oversized';
}

/** Only a 2xx is success; a redirect is a failure, because redirects are never followed. */
export function isDelivered(outcome: Outcome): boolean {
  return isAnswered(outcome) && outcome.statusCode >= 200 && outcome.statusCode < 300;
}
