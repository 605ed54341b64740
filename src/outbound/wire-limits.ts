/** Every bound of the wire, in one place. Bounds on response bodies are in core/outcome.ts, for they are part of history. */
export interface WireLimits {
  /** DNS, TCP, proxy and TLS together. A request's own total deadline may cut it shorter. */
  readonly connectTimeoutMs: number;
  /** How long one address may take before the next one of the same name is tried too (RFC 8305). */
  readonly addressAttemptMs: number;
  /** Connections of one origin and one set of connection options; the engine's concurrency is meant to decide first. */
  readonly connectionsPerPool: number;
  /** Pools kept; past it the ones unused for longest are closed. */
  readonly pools: number;
  /** A pool unused for this long is closed. */
  readonly poolIdleMs: number;
  /**
   * How long an idle connection is kept when the receiver does not say. Shorter than the shortest common server
   * default (2 s), so that we rarely write to a connection which the receiver is just closing.
   */
  readonly keepAliveMs: number;
  /** The most that a receiver's `Keep-Alive: timeout=` can ask for. */
  readonly keepAliveMaxMs: number;
  /** Taken off the receiver's `Keep-Alive: timeout=`, for the way there. */
  readonly keepAliveMarginMs: number;
  /** Bytes of a response's header section. */
  readonly responseHeaderBytes: number;
  /** Addresses of one name that are considered; a name with more is refused. */
  readonly addressesPerName: number;
  /** How long a name that did not resolve is not asked again. */
  readonly failedNameMs: number;
  /** How long `close()` waits for sockets to end. */
  readonly closeMs: number;
}

export const WIRE_LIMITS: WireLimits = {
  connectTimeoutMs: 10_000,
  addressAttemptMs: 500,
  connectionsPerPool: 256,
  pools: 2_000,
  poolIdleMs: 10_000,
  keepAliveMs: 1_500,
  keepAliveMaxMs: 15_000,
  keepAliveMarginMs: 1_000,
  responseHeaderBytes: 16_384,
  addressesPerName: 32,
  failedNameMs: 3_000,
  closeMs: 2_000,
};
