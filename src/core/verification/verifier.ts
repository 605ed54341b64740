/**
 * The face of verification: what a verifier is asked and what it answers. `compile-verifier.ts` makes one from a
 * provider (data) and a source's secrets; it is pure but for what it asks of strangers through `ask`.
 */
import type { RawHeaders } from '../received/received.ts';

/** A call as it came. */
export interface ReceivedCall {
  readonly method: string;
  /** As the sender knows it: public scheme, host, path and query. */
  readonly url: string;
  readonly headers: RawHeaders;
  /** The bytes on the wire: signatures are over these and over nothing else. */
  readonly body: Uint8Array;
}

/** One guarded outgoing call (postback, certificate, key set). */
export type Ask = (request: {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
}) => Promise<{ readonly status: number; readonly body: Uint8Array } | { readonly failed: string }>;

export interface VerifierContext {
  /** Ms since the epoch. */
  readonly now: number;
  readonly ask: Ask;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Verification =
  | {
      readonly kind: 'verified';
      readonly scheme: string;
      /** Which of the active secrets, from 0; null = another kind of proof. */
      readonly key: number | null;
      /** What makes this very call one of its kind, and until when a second one is a replay (ms); null = nothing does. */
      readonly replay: { readonly id: string; readonly until: number } | null;
    }
  /** A question about the receiver itself: it is answered and makes no event. */
  | {
      readonly kind: 'handshake';
      readonly answer: HttpAnswer;
      /** A secret that the sender announces, to be kept if the operator has consented; null = none. */
      readonly capture: string | null;
    }
  | {
      readonly kind: 'refused';
      readonly reason: RefusalReason;
      readonly expected: string;
      readonly got: string;
    };

/**
 * `expected` and `got` describe forms (`sha256= and 64 hex digits`, `sha1= and 40 hex digits`) or the first characters
 * of a signature; never a secret, and never the right signature.
 */
export type RefusalReason =
  | 'signature-missing'
  | 'signature-malformed'
  | 'signature-mismatch'
  | 'timestamp-missing'
  | 'timestamp-malformed'
  | 'timestamp-too-old'
  | 'timestamp-in-future'
  | 'token-missing'
  | 'token-mismatch'
  | 'credentials-missing'
  | 'credentials-mismatch'
  | 'body-hash-mismatch'
  | 'claims-mismatch'
  | 'key-unknown'
  | 'key-host-refused'
  | 'not-confirmed'
  | 'sender-unreachable'
  | 'handshake-refused'
  | 'no-secret';

export interface Verifier {
  /** Synchronous unless a stranger has to be asked. Never throws for what a caller sent. */
  verify(call: ReceivedCall, context: VerifierContext): Verification | Promise<Verification>;
  /** Type and id that the provider gives its calls, and the bytes of the real document inside; null = as it is. */
  describe(call: ReceivedCall): Description;
  /** What the provider expects to read in the answer to an ordinary call (its `ack`), with `reply` in it; null = nothing particular. */
  acknowledge(call: ReceivedCall, reply: string): HttpAnswer | null;
}

export interface Description {
  readonly type: string | null;
  readonly deliveryId: string | null;
  /** A document inside the document (`form:payload`, `json:Message`); null = the body is it. */
  readonly payload: string | null;
}
