/**
 * Finding received events again. An index holds, per event, the terms that `core/search/terms.ts` makes of it (hashes of
 * words and of path = value); it is filled behind the intake, in order of acceptance, so that receiving pays nothing
 * for it. A page of candidates is re-checked by the caller: the index may name too many, never too few.
 */
import type { EventId, OrganizationId } from '../core/ids.ts';
import type { StoredEvent } from './history.ts';

export interface Search {
  /**
   * Decided received events of all organizations that are not indexed yet, in order of acceptance, with contents; at
   * most `limit` rows and about `bytesMax` bytes (at least one row).
   */
  takeUnindexed(options: {
    limit: number;
    bytesMax: number;
  }): Promise<readonly (StoredEvent & { readonly organization: OrganizationId })[]>;

  /**
   * Adds the terms of events, and notes that all up to the last one are indexed, in one transaction. Repeating is
   * harmless. About 100 at once: on SQLite they stand before what publishers wait for, for some milliseconds.
   */
  index(entries: readonly IndexEntry[]): Promise<void>;

  /**
   * Received events of an organization, newest first, that may match: those whose terms hold every one of `terms`
   * (and those not indexed yet, and those with more terms than fit). An event whose content was expunged is found by no
   * term any more, since terms tell what the content was. `scannedTo` tells how far it got when a limit or the
   * deadline ended it: go on with it as `before`.
   */
  candidates(organization: OrganizationId, query: CandidateQuery): Promise<Candidates>;
}

export interface IndexEntry {
  readonly organization: OrganizationId;
  readonly seq: number;
  readonly id: EventId;
  /** Distinct, unsigned 48-bit integers. */
  readonly terms: readonly number[];
  /** It has more terms than are kept: it is a candidate of every query. */
  readonly overflows: boolean;
}

export interface CandidateQuery {
  /** All must be there; [] = every event. */
  readonly terms: readonly number[];
  /** Exclusive upper bound of seq; null = from the newest. */
  readonly before: number | null;
  /** Exclusive lower bound of seq; 0 = none. */
  readonly after: number;
  readonly direction: 'newest-first' | 'oldest-first';
  /** Instants of acceptance in ms: `since` inclusive, `until` exclusive. */
  readonly since: number | null;
  readonly until: number | null;
  readonly limit: number;
  readonly bytesMax: number;
  readonly withContent: boolean;
}

export interface Candidates {
  readonly rows: readonly StoredEvent[];
  /** Everything up to this seq (in the direction asked for) was looked at; null = to the end. */
  readonly scannedTo: number | null;
}
