/**
 * The first schema. It says what SQLite's says (same tables, same stored codes), with what many nodes need: `shard` and
 * `node` for leases, history in partitions by day, uniqueness in tables of its own because it cannot span partitions.
 *
 * A day is the number of days since 1970 (UTC): of an event's or attempt's own id in `event` and `attempt`, of the
 * expiry in `content`. Partitions are made by posthorn_ensure_day and dropped whole.
 *
 * seq = meta.seq_base + (transaction id << 13) + n: greater = accepted later. Every seq below posthorn_decided_below()
 * is visible now or never will be.
 */
import { RECEIVED } from '../../../core/ids.ts';
import { allowanceSql } from '../functions/allowance.ts';
import { ensureDaySql } from '../functions/ensure-day.ts';
import { lostSeqsSql } from '../functions/lost-seqs.ts';
import { membershipSql } from '../functions/membership.ts';
import { notifySql } from '../functions/notify.ts';
import { publishSql } from '../functions/publish.ts';
import { queuedSql } from '../functions/queued.ts';
import { searchSql } from '../functions/search.ts';
import { writeSql } from '../functions/write.ts';

export const init = {
  version: 1,
  minCode: 1,
  sql: `
-- version, min_code, seq_base; system and timeline, which say which server wrote last (../seqs.ts); pings.
CREATE TABLE meta (
  name text PRIMARY KEY,
  value bigint NOT NULL
);
INSERT INTO meta VALUES ('seq_base', 0);

CREATE TABLE organization (
  no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  catalog_version bigint NOT NULL,
  created_at bigint NOT NULL,
  -- Of the transaction that changed its catalog last: nodes ask what is new (posthorn_bump_catalog_1 sets it).
  changed_seq bigint NOT NULL DEFAULT 0
);
CREATE INDEX organization_changed ON organization (changed_seq);

CREATE TABLE scope (
  no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organization_no bigint NOT NULL REFERENCES organization (no),
  application_id text COLLATE "C" NOT NULL,
  UNIQUE (organization_no, application_id)
);

-- What sources received: one scope per organization.
CREATE INDEX scope_received ON scope (no) WHERE application_id = '${RECEIVED}';

CREATE TABLE lane (
  no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organization_no bigint NOT NULL REFERENCES organization (no),
  -- NULL until the first event comes.
  scope_no bigint REFERENCES scope (no),
  destination_id text COLLATE "C" NOT NULL,
  shard smallint NOT NULL,
  -- Set when the destination was removed: nothing is queued or handed out any more.
  removed_at bigint,
  UNIQUE (organization_no, destination_id)
);
CREATE INDEX lane_of_scope ON lane (scope_no);
CREATE INDEX lane_of_shard ON lane (shard);
CREATE INDEX lane_removed ON lane (removed_at) WHERE removed_at IS NOT NULL;

CREATE TABLE type (
  no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organization_no bigint NOT NULL REFERENCES organization (no),
  name text COLLATE "C" NOT NULL,
  UNIQUE (organization_no, name)
);

CREATE TABLE event (
  day integer NOT NULL,
  scope_no bigint NOT NULL,
  seq bigint NOT NULL,
  id text COLLATE "C" NOT NULL,
  type_no bigint NOT NULL,
  event_id text COLLATE "C",
  accepted_at bigint NOT NULL,
  content_expires_at bigint NOT NULL,
  expunged boolean NOT NULL DEFAULT false,
  more text,
  PRIMARY KEY (scope_no, day, id)
) PARTITION BY RANGE (day);
-- Unique by its meaning; said so, a look for one event cannot be planned as a scan of its day.
CREATE UNIQUE INDEX event_by_seq ON event (scope_no, seq, day);

-- The publisher's own id is unique for as long as the event is kept.
CREATE TABLE event_key (
  scope_no bigint NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  day integer NOT NULL,
  PRIMARY KEY (scope_no, event_id)
);
CREATE INDEX event_key_by_day ON event_key (day);

-- Partitioned by the day of expiry: what expires together is dropped together.
CREATE TABLE content (
  day integer NOT NULL,
  seq bigint NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (seq, day)
) PARTITION BY RANGE (day);

-- The queue: deliveries that are not settled. Rows come and go, so dead ones are cleared often and without pauses.
CREATE TABLE fresh (
  lane_no bigint NOT NULL,
  seq bigint NOT NULL,
  trigger smallint NOT NULL,
  -- Of the event.
  day integer NOT NULL,
  PRIMARY KEY (lane_no, seq, trigger)
) WITH (
  autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000,
  autovacuum_analyze_scale_factor = 0.2, autovacuum_analyze_threshold = 20000, autovacuum_vacuum_cost_delay = 0
);
CREATE TABLE waiting (
  lane_no bigint NOT NULL,
  seq bigint NOT NULL,
  trigger smallint NOT NULL,
  day integer NOT NULL,
  due_at bigint NOT NULL,
  attempts integer NOT NULL,
  PRIMARY KEY (lane_no, seq, trigger)
) WITH (
  autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000,
  autovacuum_analyze_scale_factor = 0.2, autovacuum_analyze_threshold = 20000, autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX waiting_by_due ON waiting (lane_no, due_at, seq, trigger);

-- rec orders the attempts of one event x destination by their recording, as seq orders events.
CREATE TABLE attempt (
  day integer NOT NULL,
  lane_no bigint NOT NULL,
  seq bigint NOT NULL,
  rec bigint NOT NULL,
  event_day integer NOT NULL,
  id text COLLATE "C" NOT NULL,
  url text NOT NULL,
  outcome smallint NOT NULL,
  status_code integer NOT NULL,
  duration_ms bigint NOT NULL,
  started_at bigint NOT NULL,
  trigger smallint NOT NULL,
  number integer NOT NULL,
  status smallint NOT NULL,
  next_attempt_at bigint,
  response bytea,
  PRIMARY KEY (lane_no, day, id)
) PARTITION BY RANGE (day);
CREATE INDEX attempt_by_event ON attempt (seq, lane_no, rec);
-- What failed for good, or late: what went well costs nothing here.
CREATE INDEX attempt_failed ON attempt (lane_no, seq) WHERE status IN (1, 5);

CREATE TABLE health (
  lane_no bigint PRIMARY KEY,
  failures_in_row integer NOT NULL,
  failing_since bigint NOT NULL,
  circuit smallint NOT NULL,
  probe_at bigint NOT NULL,
  probe_delay_ms bigint NOT NULL,
  throttled_until bigint NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE idempotency (
  organization_no bigint NOT NULL,
  key_hash bytea NOT NULL,
  body_hash bytea NOT NULL,
  status integer NOT NULL,
  response text NOT NULL,
  expires_at bigint NOT NULL,
  PRIMARY KEY (organization_no, key_hash)
);
CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);

-- All kinds of the catalog in one table: a new kind needs no migration. owner_id '' = the organization itself.
-- doc is text, because a JSON text may hold \\u0000 and PostgreSQL's JSON functions refuse it; facets has the scalar
-- members of the document that can be looked up by.
CREATE TABLE resource (
  no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organization_no bigint NOT NULL REFERENCES organization (no),
  kind text COLLATE "C" NOT NULL,
  owner_id text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  uid text COLLATE "C",
  version bigint NOT NULL,
  doc text NOT NULL,
  facets jsonb NOT NULL,
  UNIQUE (organization_no, kind, id)
);
CREATE INDEX resource_of_owner ON resource (organization_no, owner_id, kind, id);
CREATE UNIQUE INDEX resource_by_uid ON resource (organization_no, kind, uid, owner_id) WHERE uid IS NOT NULL;
-- Lanes and rates are known by these ids alone, so no two organizations may have the same one (an import keeps ids).
CREATE UNIQUE INDEX resource_anywhere ON resource (kind, id) WHERE kind IN ('application', 'destination', 'source');
CREATE INDEX resource_by_secret_hash ON resource ((facets ->> 'secretHash')) WHERE kind = 'api-key';
CREATE INDEX resource_by_token_hash ON resource ((facets ->> 'tokenHash')) WHERE kind = 'source';
CREATE INDEX resource_inbound ON resource (id)
  WHERE kind = 'source' AND facets ->> 'disabled' = 'false'
    AND (facets ->> 'kind' <> 'http' OR facets ->> 'expectEveryMs' IS NOT NULL);
CREATE INDEX resource_running ON resource (no) WHERE kind = 'background-task' AND facets ->> 'status' = 'running';
CREATE INDEX resource_expiry ON resource (((facets ->> 'expiresAt')::bigint)) WHERE kind = 'revoked-token';

CREATE TABLE audit (
  organization_no bigint NOT NULL,
  id text COLLATE "C" NOT NULL,
  doc text NOT NULL,
  PRIMARY KEY (organization_no, id)
);
-- Ids sort by their time.
CREATE INDEX audit_by_id ON audit (id);

-- The newest calls of each source that were refused. doc has all but the start of the body.
CREATE TABLE rejection (
  organization_no bigint NOT NULL,
  source_id text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  doc text NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (organization_no, source_id, id)
);

-- How far the received events of a scope are indexed; none = not at all. What comes later is of that day, of the one
-- before (a clock that goes wrong) or of a later one.
CREATE TABLE search_cursor (
  scope_no bigint PRIMARY KEY,
  seq bigint NOT NULL,
  day integer NOT NULL
) WITH (fillfactor = 50);

-- Terms of received events (search-terms.ts), on the day of the event. Decision 13. An index that gathers entries before
-- it sorts them in costs a third; a search reads what is gathered, so it is kept short.
CREATE TABLE search (
  day integer NOT NULL,
  scope_no bigint NOT NULL,
  seq bigint NOT NULL,
  accepted_at bigint NOT NULL,
  terms integer[] NOT NULL,
  PRIMARY KEY (scope_no, seq, day)
) PARTITION BY RANGE (day);
CREATE INDEX search_by_terms ON search USING gin (terms) WITH (fastupdate = on, gin_pending_list_limit = 2048);

-- Members of the cluster. The epoch is given once and never again; whoever finds a lease run out deletes the row.
CREATE SEQUENCE epoch;
-- backend_tag: application_name of its connections, and of nobody else's.
CREATE TABLE node (
  epoch bigint PRIMARY KEY,
  name text NOT NULL,
  version text NOT NULL,
  schema_code integer NOT NULL,
  backend_tag text NOT NULL,
  joined_at timestamptz NOT NULL,
  renewed_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);

-- epoch: who holds it; wanted: to whom its holder shall give it. One that is in no row of node counts as NULL.
CREATE TABLE shard (
  no smallint PRIMARY KEY,
  epoch bigint,
  wanted bigint
) WITH (fillfactor = 50);
INSERT INTO shard (no) SELECT generate_series(0, 255);

-- Token buckets of applications, which all nodes take from. tokens as they were at \`at\` (ms, the database's clock).
CREATE TABLE allowance (
  scope_no bigint PRIMARY KEY REFERENCES scope (no) ON DELETE CASCADE,
  tokens double precision NOT NULL,
  at double precision NOT NULL
) WITH (fillfactor = 50);

-- What posthorn_publish left in a caller's own transaction, until a node has planned its deliveries.
CREATE TABLE outbox (
  no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  xid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
  organization_id text COLLATE "C" NOT NULL,
  application_id text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL,
  event_id text COLLATE "C",
  channels text[],
  tags text[],
  ordering_key text,
  content bytea NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX outbox_in_order ON outbox (xid, no);

CREATE FUNCTION posthorn_shard(p_id text) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT ((((ascii(substr(right(p_id, 4), 1, 1)) * 31 + ascii(substr(right(p_id, 4), 2, 1))) * 31
    + ascii(substr(right(p_id, 4), 3, 1))) * 31 + ascii(substr(right(p_id, 4), 4, 1))) % 256)::smallint
$$;

CREATE FUNCTION posthorn_decided_below() RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT (SELECT value FROM meta WHERE name = 'seq_base')
    + (pg_snapshot_xmin(pg_current_snapshot())::text::bigint << 13)
$$;
${ensureDaySql}
${writeSql}
${lostSeqsSql}
${notifySql}
${membershipSql}
${allowanceSql}
${publishSql}
${queuedSql}
${searchSql}
`,
} as const;
