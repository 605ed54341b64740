/** Calls that were refused: who got the signature wrong, and how. A capped log per source, for finding mistakes. */
import type { OrganizationId, SourceId } from '../core/ids.ts';
import type { RefusalReason } from '../core/verification/verifier.ts';

export interface Rejections {
  /** Keeps it and drops the source's oldest beyond `keep`. */
  add(rejection: Rejection, keep: number): Promise<void>;
  /** Newest first; `before` is an exclusive id. */
  list(
    organization: OrganizationId,
    sourceId: SourceId,
    query: { before: string | null; limit: number },
  ): Promise<readonly Rejection[]>;
}

export interface Rejection {
  /** Bare id. */
  readonly id: string;
  readonly organization: OrganizationId;
  readonly sourceId: SourceId;
  readonly at: number;
  readonly reason: RefusalReason | 'unreadable' | 'method' | 'too-large';
  readonly expected: string;
  readonly got: string;
  readonly method: string;
  readonly path: string;
  readonly peer: string | null;
  /** Values that may be credentials are masked. */
  readonly headers: readonly (readonly [string, string])[];
  /** The first bytes of the body. */
  readonly bodyStart: Uint8Array;
  readonly bodyBytes: number;
}
