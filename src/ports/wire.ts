/** The only way to strangers. An implementation guards addresses, bounds time and bytes, and never rejects. */
import type { ClientTls } from '../core/catalog/resources.ts';
import type { Outcome } from '../core/outcome.ts';

export interface WireRequest {
  readonly method: string;
  /** Absolute http(s) URL; userinfo in it is the sender's business (already turned into a header). */
  readonly url: URL;
  /** name, value, name, value, … in the case and order to be written. Host and Content-Length are the wire's. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
  /** Connect, send and receive, all together. */
  readonly timeoutMs: number;
  /** Requests with the same options object may share connections; the wire keys its pools on it and the origin. */
  readonly connection: ConnectionOptions;
}

/** Frozen and shared: the engine makes one object per destination version. */
export interface ConnectionOptions {
  readonly tls: ClientTls | null;
  readonly allowHttp2: boolean;
}

export interface Wire {
  send(request: WireRequest): Promise<Outcome>;
  /** Drops idle connections made with these options, e.g. after a destination changed. */
  forget(connection: ConnectionOptions): void;
  /** Closes everything; attempts still running end as `unreachable`. */
  close(): Promise<void>;
}
