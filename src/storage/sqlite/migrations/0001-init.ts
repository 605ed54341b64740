/**
 * The first schema. Organization, scope (an application, or '' for the organization's own events), lane (a
 * destination's part of the queue) and event type are interned as small integers, so that hot rows and indexes stay
 * narrow; every key of theirs starts with the scope or the lane and so, in effect, with the organization.
 * Ids are the 27 characters of their base62 form, which sort as the bytes do; storing them so costs 7 bytes more and
 * saves the conversion each way (3 µs per read on Node 24).
 */
import { RECEIVED } from '../../../core/ids.ts';

export const init = {
  version: 1,
  minCode: 1,
  sql: `
-- version, min_code, last_seq (kept when the newest events are pruned), pings.
CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

CREATE TABLE organization (
  no INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  catalog_version INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE scope (
  no INTEGER PRIMARY KEY,
  organization_no INTEGER NOT NULL REFERENCES organization (no),
  application_id TEXT NOT NULL,
  UNIQUE (organization_no, application_id)
) STRICT;

-- What sources received: one scope per organization.
CREATE INDEX scope_received ON scope (no) WHERE application_id = '${RECEIVED}';

CREATE TABLE lane (
  no INTEGER PRIMARY KEY,
  organization_no INTEGER NOT NULL REFERENCES organization (no),
  -- NULL until the first event comes.
  scope_no INTEGER REFERENCES scope (no),
  destination_id TEXT NOT NULL,
  -- Set when the destination was removed: nothing is queued or handed out any more.
  removed_at INTEGER,
  UNIQUE (organization_no, destination_id)
) STRICT;
CREATE INDEX lane_of_scope ON lane (scope_no);
CREATE INDEX lane_removed ON lane (removed_at) WHERE removed_at IS NOT NULL;

CREATE TABLE type (
  no INTEGER PRIMARY KEY,
  organization_no INTEGER NOT NULL REFERENCES organization (no),
  name TEXT NOT NULL,
  UNIQUE (organization_no, name)
) STRICT;

-- seq is the order of acceptance over the whole store and is never used twice.
CREATE TABLE event (
  scope_no INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  type_no INTEGER NOT NULL,
  event_id TEXT,
  accepted_at INTEGER NOT NULL,
  content_expires_at INTEGER NOT NULL,
  expunged INTEGER NOT NULL,
  more TEXT,
  PRIMARY KEY (scope_no, seq)
) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX event_by_id ON event (scope_no, id);
-- The publisher's own id is unique for as long as the event is kept.
CREATE UNIQUE INDEX event_by_event_id ON event (scope_no, event_id) WHERE event_id IS NOT NULL;

-- no = hour of expiry << 40 | seq: what expires together lies together and is deleted as a range.
CREATE TABLE content (
  no INTEGER PRIMARY KEY,
  body BLOB NOT NULL
) STRICT;

-- The queue: deliveries that are not settled. Fresh ones were neither attempted nor delayed, the rest waits for its
-- due time. Two tables, so that the usual life of a delivery is one narrow row that comes and goes.
CREATE TABLE fresh (
  lane_no INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  trigger INTEGER NOT NULL,
  PRIMARY KEY (lane_no, seq, trigger)
) WITHOUT ROWID, STRICT;
CREATE TABLE waiting (
  lane_no INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  trigger INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  PRIMARY KEY (lane_no, seq, trigger)
) WITHOUT ROWID, STRICT;
CREATE INDEX waiting_by_due ON waiting (lane_no, due_at, seq, trigger);

-- n is the order of recording within event x destination.
CREATE TABLE attempt (
  seq INTEGER NOT NULL,
  lane_no INTEGER NOT NULL,
  n INTEGER NOT NULL,
  id TEXT NOT NULL,
  url TEXT NOT NULL,
  outcome INTEGER NOT NULL,
  status_code INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  trigger INTEGER NOT NULL,
  number INTEGER NOT NULL,
  status INTEGER NOT NULL,
  next_attempt_at INTEGER,
  response BLOB,
  PRIMARY KEY (seq, lane_no, n)
) WITHOUT ROWID, STRICT;
CREATE INDEX attempt_by_lane ON attempt (lane_no, id, status);
-- What failed for good, or late: what went well costs nothing here.
CREATE INDEX attempt_failed ON attempt (lane_no, seq) WHERE status IN (1, 5);

CREATE TABLE health (
  lane_no INTEGER PRIMARY KEY,
  failures_in_row INTEGER NOT NULL,
  failing_since INTEGER NOT NULL,
  circuit INTEGER NOT NULL,
  probe_at INTEGER NOT NULL,
  probe_delay_ms INTEGER NOT NULL,
  throttled_until INTEGER NOT NULL
) STRICT;

CREATE TABLE idempotency (
  organization_no INTEGER NOT NULL,
  key_hash BLOB NOT NULL,
  body_hash BLOB NOT NULL,
  status INTEGER NOT NULL,
  response TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (organization_no, key_hash)
) WITHOUT ROWID, STRICT;
CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);

-- All kinds of the catalog in one table: a new kind needs no migration. owner_id '' = the organization itself.
CREATE TABLE resource (
  no INTEGER PRIMARY KEY,
  organization_no INTEGER NOT NULL REFERENCES organization (no),
  kind TEXT NOT NULL,
  owner_id TEXT NOT NULL,
  id TEXT NOT NULL,
  uid TEXT,
  version INTEGER NOT NULL,
  doc TEXT NOT NULL,
  UNIQUE (organization_no, kind, id)
) STRICT;
CREATE INDEX resource_of_owner ON resource (organization_no, owner_id, kind, id);
CREATE UNIQUE INDEX resource_by_uid ON resource (organization_no, kind, uid, owner_id) WHERE uid IS NOT NULL;
-- Lanes and rates are known by these ids alone, so no two organizations may have the same one (an import keeps ids).
CREATE UNIQUE INDEX resource_anywhere ON resource (kind, id) WHERE kind IN ('application', 'destination', 'source');
CREATE INDEX resource_by_secret_hash ON resource (doc ->> '$.secretHash') WHERE kind = 'api-key';
CREATE INDEX resource_by_token_hash ON resource (doc ->> '$.tokenHash') WHERE kind = 'source';
CREATE INDEX resource_inbound ON resource (id)
  WHERE kind = 'source' AND doc ->> '$.disabled' = 0
    AND (doc ->> '$.kind' <> 'http' OR doc ->> '$.expectEveryMs' IS NOT NULL);
CREATE INDEX resource_running ON resource (no) WHERE kind = 'background-task' AND doc ->> '$.status' = 'running';
CREATE INDEX resource_expiry ON resource (doc ->> '$.expiresAt') WHERE kind = 'revoked-token';

CREATE TABLE audit (
  organization_no INTEGER NOT NULL,
  id TEXT NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (organization_no, id)
) WITHOUT ROWID, STRICT;

-- The newest calls of each source that were refused. doc has all but the start of the body.
CREATE TABLE rejection (
  organization_no INTEGER NOT NULL,
  source_id TEXT NOT NULL,
  id TEXT NOT NULL,
  doc TEXT NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (organization_no, source_id, id)
) WITHOUT ROWID, STRICT;

-- How far the received events of a scope are indexed; none = not at all.
CREATE TABLE search_cursor (
  scope_no INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL
) STRICT;

-- Terms of received events (search-tokens.ts): rowid is seq. It holds no texts, only which token is in which row; a list
-- of rows is read in either direction from any row on. Decision 13.
CREATE VIRTUAL TABLE search USING fts5(
  tokens, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);
`,
} as const;
