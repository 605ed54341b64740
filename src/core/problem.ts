/**
 * The one table of expected refusals. `http/problem.ts` alone turns a Problem into a response; a test compares this
 * table with docs/problems.md both ways. Codes with an underscore or a space are wire-compatible names.
 */
export const PROBLEMS = {
  authentication_failed: { status: 401, title: 'Authentication failed' },
  'insufficient access': { status: 403, title: 'Insufficient access' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  conflict: { status: 409, title: 'Conflict' },
  event_type_exists: { status: 409, title: 'Event type exists' },
  idempotency_key_reused: { status: 409, title: 'Idempotency key reused with another body' },
  payload_too_large: { status: 413, title: 'Payload too large' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  validation: { status: 422, title: 'Invalid input' },
  no_available_lease: { status: 423, title: 'No available lease' },
  generic_error: { status: 400, title: 'Bad request' },
  limit_reached: { status: 400, title: 'Limit reached' },
  missing_payload: { status: 400, title: 'Payload is gone' },
  invalid_range: { status: 422, title: 'Invalid range' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  unavailable: { status: 503, title: 'Temporarily unavailable' },
  loop_detected: { status: 508, title: 'Loop detected' },
  server_error: { status: 500, title: 'Internal error' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

/** One wrong field. `loc` starts with where it was found, e.g. `['body', 'uid']` (outbound wire format). */
export interface FieldError {
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly type: string;
}

export interface ProblemOptions {
  readonly errors?: readonly FieldError[];
  /** For `unavailable` and `too_many_requests`: seconds after which to try again. */
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/** An expected refusal: `detail` is one sentence that says what to do. Anything else that is thrown is a bug. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly errors: readonly FieldError[];
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Problem';
    this.code = code;
    this.errors = options.errors ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }
}

/** A 422 about one field. */
export function invalid(loc: FieldError['loc'], msg: string, type = 'value_error'): Problem {
  return new Problem('validation', msg, { errors: [{ loc, msg, type }] });
}
