/** A call that a source refused, as it is kept for finding mistakes. */
import type { OrganizationId, SourceId } from '../ids.ts';
import type { RefusalReason } from '../verification/verifier.ts';

export interface Refusal {
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
