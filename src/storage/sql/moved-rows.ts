/**
 * What is carried from one store to another: plain rows whose members are the columns that the schemas have in common.
 * What only one of them has (days, shards, facets) is made where the rows arrive.
 */
export interface MovedRows {
  organization: { no: number; id: string; catalog_version: number; created_at: number };
  scope: { no: number; organization_no: number; application_id: string };
  lane: {
    no: number;
    organization_no: number;
    scope_no: number | null;
    destination_id: string;
    removed_at: number | null;
  };
  type: { no: number; organization_no: number; name: string };
  resource: {
    no: number;
    organization_no: number;
    kind: string;
    owner_id: string;
    id: string;
    uid: string | null;
    version: number;
    doc: string;
  };
  audit: { organization_no: number; id: string; doc: string };
  rejection: { organization_no: number; source_id: string; id: string; doc: string; body: Uint8Array };
  idempotency: {
    organization_no: number;
    key_hash: Uint8Array;
    body_hash: Uint8Array;
    status: number;
    response: string;
    expires_at: number;
  };
  event: {
    scope_no: number;
    seq: number;
    id: string;
    type_no: number;
    event_id: string | null;
    accepted_at: number;
    content_expires_at: number;
    expunged: 0 | 1;
    more: string | null;
  };
  /** expires_hour: when it expires, in hours since 1970. */
  content: { expires_hour: number; seq: number; body: Uint8Array };
  attempt: {
    seq: number;
    lane_no: number;
    n: number;
    /** The id of the event, also of the queue's rows. */
    of_event: string;
    id: string;
    url: string;
    outcome: number;
    status_code: number;
    duration_ms: number;
    started_at: number;
    trigger: number;
    number: number;
    status: number;
    next_attempt_at: number | null;
    response: Uint8Array | null;
  };
  fresh: { lane_no: number; seq: number; trigger: number; of_event: string };
  waiting: {
    lane_no: number;
    seq: number;
    trigger: number;
    of_event: string;
    due_at: number;
    attempts: number;
  };
  health: {
    lane_no: number;
    failures_in_row: number;
    failing_since: number;
    circuit: number;
    probe_at: number;
    probe_delay_ms: number;
    throttled_until: number;
  };
}

export type MovedTable = keyof MovedRows;

/** In the order of moving: what others refer to goes first. With what is summed up to compare two stores. */
const SUMS: Readonly<Record<MovedTable, string>> = {
  organization: 'catalog_version',
  scope: 'organization_no',
  lane: 'scope_no',
  type: 'organization_no',
  resource: 'octet_length(doc)',
  audit: 'octet_length(doc)',
  rejection: 'octet_length(body)',
  idempotency: 'octet_length(response)',
  event: 'seq',
  content: 'octet_length(body)',
  attempt: 'seq + status_code',
  fresh: 'seq',
  waiting: 'seq + attempts',
  health: 'failures_in_row',
};
export const MOVED_TABLES = Object.keys(SUMS) as readonly MovedTable[];

/** Equal in two stores that hold the same rows. `sum` may be past 2^53, so it is a text. */
export interface Tally {
  readonly count: number;
  readonly sum: string;
}

/** Reads a `Tally`; every driver's SQL understands it. */
export function tallySql(table: MovedTable): string {
  return `SELECT count(*) AS count, CAST(coalesce(sum(${SUMS[table]}), 0) AS TEXT) AS sum FROM ${table}`;
}
