/** Calls that were refused: who got the signature wrong, and how. A capped log per source, for finding mistakes. */
import type { OrganizationId, SourceId } from '../core/ids.ts';
import type { Refusal } from '../core/received/refusal.ts';

export type Rejection = Refusal;

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
