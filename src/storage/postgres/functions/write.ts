/**
 * The hot write: a batch of finished attempts and accepted events in one statement, so one round trip and one commit.
 * Its name carries its version: nodes of two versions of Posthorn may share a database, so a function that a released
 * version calls never changes its meaning; a new one gets the next number.
 *
 * r_…: one element per attempt. A health (h_…) belongs to the attempt with number h_record; h_failures NULL = healthy.
 * a_…: one element per event; a_record: the attempt that causes it (it is accepted only if that attempt decides), 0 =
 * none; a_version: the catalog version it was planned with, -1 = any; i_…: idempotency records by a-number; d_…: the
 * deliveries by a-number, due 0 = at once. All numbers count from 1. Bytes lie one after the other in one value, which
 * travels in binary; at/length say where.
 *
 * Raises, with nothing written, SQLSTATE PH001 when an attempt was recorded before (its answer was lost) or an
 * idempotency key was taken by somebody else meanwhile: the caller calls again with p_careful, which looks first; and
 * PH002 when a lane's row is gone: the caller looks its number up again. It names no delivery twice in a batch.
 */
export const writeSql = `
CREATE FUNCTION posthorn_write_1(
  p_epoch bigint, p_now bigint, p_careful boolean, p_bytes bytea,
  r_lane bigint[], r_seq bigint[], r_trigger smallint[], r_scope bigint[],
  r_day integer[], r_id text[], r_url text[], r_outcome smallint[], r_status_code integer[],
  r_duration bigint[], r_started bigint[], r_number integer[], r_status smallint[], r_next bigint[],
  r_due bigint[], r_attempts integer[], r_at integer[], r_length integer[],
  h_record integer[], h_failures integer[], h_since bigint[], h_circuit smallint[], h_probe bigint[],
  h_delay bigint[], h_throttled bigint[],
  a_record integer[], a_org bigint[], a_version bigint[], a_scope bigint[], a_day integer[], a_id text[],
  a_type bigint[], a_event_id text[], a_accepted bigint[], a_expires bigint[], a_more text[],
  a_at integer[], a_length integer[], a_outbox bigint[],
  i_event integer[], i_key bytea[], i_body bytea[], i_status integer[], i_response text[], i_expires bigint[],
  d_event integer[], d_lane bigint[], d_due bigint[],
  OUT fenced boolean, OUT base bigint, OUT refusals jsonb, OUT orgs bigint[], OUT versions bigint[]
) LANGUAGE plpgsql AS $$
DECLARE
  v_records integer := cardinality(r_lane);
  v_events integer := cardinality(a_org);
  -- Attempts whose delivery was queued, which they decide; with the day of its event.
  v_live integer[] := '{}';
  v_days integer[] := '{}';
  v_known integer[] := '{}';
  v_late integer[] := '{}';
  v_late_days integer[] := '{}';
  v_count integer;
  v_queued integer;
  v_ok boolean[];
BEGIN
  base := posthorn_take_seqs(v_records + v_events);
  fenced := false;

  IF v_records > 0 THEN
    -- Whoever takes this node's shards deletes its row first and waits for us here, or we for him.
    PERFORM 1 FROM node WHERE epoch = p_epoch FOR KEY SHARE;
    fenced := NOT FOUND AND p_epoch <> 0;
  END IF;

  IF v_records > 0 AND NOT fenced THEN
    IF p_careful THEN
      SELECT coalesce(array_agg(r.k), '{}') INTO v_known
      FROM unnest(r_lane, r_id, r_day) WITH ORDINALITY AS r (lane, id, day, k)
      JOIN attempt a ON a.lane_no = r.lane AND a.id = r.id AND a.day = r.day;
    END IF;
    WITH gone AS (
      DELETE FROM fresh f USING unnest(r_lane, r_seq, r_trigger) WITH ORDINALITY AS r (lane, seq, trigger, k)
      WHERE f.lane_no = r.lane AND f.seq = r.seq AND f.trigger = r.trigger AND NOT r.k = ANY (v_known)
      RETURNING r.k::integer AS k, f.day
    ) SELECT coalesce(array_agg(k), '{}'), coalesce(array_agg(day), '{}') INTO v_live, v_days FROM gone;
    IF cardinality(v_live) + cardinality(v_known) < v_records THEN
      WITH gone AS (
        DELETE FROM waiting w USING unnest(r_lane, r_seq, r_trigger) WITH ORDINALITY AS r (lane, seq, trigger, k)
        WHERE w.lane_no = r.lane AND w.seq = r.seq AND w.trigger = r.trigger
          AND NOT r.k = ANY (v_live) AND NOT r.k = ANY (v_known)
        RETURNING r.k::integer AS k, w.day
      ) SELECT v_live || coalesce(array_agg(k), '{}'), v_days || coalesce(array_agg(day), '{}') INTO v_live, v_days
      FROM gone;
    END IF;
    IF cardinality(v_live) + cardinality(v_known) < v_records THEN
      -- Canceled, or settled by a resend, while the attempt ran: it is history and decides nothing. Not even that
      -- when its event is gone.
      SELECT coalesce(array_agg(r.k), '{}'), coalesce(array_agg(e.day), '{}') INTO v_late, v_late_days
      FROM unnest(r_scope, r_seq) WITH ORDINALITY AS r (scope, seq, k)
      JOIN event e ON e.scope_no = r.scope AND e.seq = r.seq
      WHERE NOT r.k = ANY (v_live) AND NOT r.k = ANY (v_known);
    END IF;

    INSERT INTO attempt (day, lane_no, seq, rec, event_day, id, url, outcome, status_code, duration_ms, started_at,
      trigger, number, status, next_attempt_at, response)
    SELECT r_day[k], r_lane[k], r_seq[k], base + v_events + k - 1, l.event_day, r_id[k], r_url[k], r_outcome[k],
      r_status_code[k], r_duration[k], r_started[k], r_trigger[k], r_number[k],
      CASE WHEN l.is_late AND r_status[k] <> 0 THEN CASE r_status[k] WHEN 2 THEN 1 ELSE r_status[k] END + 4
        ELSE r_status[k] END,
      CASE WHEN NOT l.is_late THEN r_next[k] END,
      CASE WHEN r_length[k] >= 0 THEN substring(p_bytes FROM r_at[k] FOR r_length[k]) END
    FROM (
      SELECT unnest(v_live) AS k, unnest(v_days) AS event_day, false AS is_late
      UNION ALL SELECT unnest(v_late), unnest(v_late_days), true
    ) AS l
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    IF v_count < cardinality(v_live) + cardinality(v_late) THEN
      RAISE EXCEPTION 'an attempt of this batch was recorded before' USING ERRCODE = 'PH001';
    END IF;

    INSERT INTO waiting (lane_no, seq, trigger, day, due_at, attempts)
    SELECT r_lane[k], r_seq[k], r_trigger[k], day, r_due[k], r_attempts[k]
    FROM unnest(v_live, v_days) AS l (k, day) WHERE r_due[k] > 0
    ON CONFLICT (lane_no, seq, trigger) DO UPDATE SET due_at = EXCLUDED.due_at, attempts = EXCLUDED.attempts;

    -- A manual resend that arrived settles the scheduled delivery of the same event too.
    IF 1 = ANY (r_trigger) THEN
      DELETE FROM fresh f USING unnest(v_live) AS k
      WHERE r_trigger[k] = 1 AND r_status[k] = 0 AND r_due[k] = 0
        AND f.lane_no = r_lane[k] AND f.seq = r_seq[k] AND f.trigger = 0;
      DELETE FROM waiting w USING unnest(v_live) AS k
      WHERE r_trigger[k] = 1 AND r_status[k] = 0 AND r_due[k] = 0
        AND w.lane_no = r_lane[k] AND w.seq = r_seq[k] AND w.trigger = 0;
    END IF;

    IF cardinality(h_record) > 0 THEN
      PERFORM posthorn_write_health_1(lane, failures, since, circuit, probe, delay, throttled) FROM (
        SELECT DISTINCT ON (r_lane[h.record]) r_lane[h.record] AS lane, h.*
        FROM unnest(h_record, h_failures, h_since, h_circuit, h_probe, h_delay, h_throttled)
          AS h (record, failures, since, circuit, probe, delay, throttled)
        WHERE h.record = ANY (v_live) OR h.record = ANY (v_late) AND EXISTS (
          SELECT 1 FROM lane WHERE no = r_lane[h.record] AND removed_at IS NULL)
        ORDER BY r_lane[h.record], h.record DESC
      ) AS last;
    END IF;
  END IF;

  refusals := '[]';
  IF v_events > 0 THEN
    SELECT array_agg(o.no), array_agg(o.catalog_version) INTO orgs, versions
    FROM organization o WHERE o.no IN (SELECT DISTINCT unnest(a_org));
    v_ok := array_fill(true, ARRAY[v_events]);
    FOR v_count IN 1 .. v_events LOOP
      IF a_record[v_count] > 0 THEN
        v_ok[v_count] := NOT fenced AND a_record[v_count] = ANY (v_live);
        CONTINUE WHEN v_ok[v_count];
        refusals := refusals || jsonb_build_object('k', v_count, 'kind', 'undecided');
      ELSIF a_version[v_count] >= 0
        AND a_version[v_count] <> versions[array_position(orgs, a_org[v_count])] THEN
        v_ok[v_count] := false;
        refusals := refusals || jsonb_build_object('k', v_count, 'kind', 'stale',
          'version', versions[array_position(orgs, a_org[v_count])]);
      END IF;
    END LOOP;
    SELECT s.ok, refusals || s.refused INTO v_ok, refusals FROM posthorn_claim_1(p_now, v_ok,
      i_event, i_key, i_body, i_status, i_response, i_expires,
      a_org, a_scope, a_day, a_id, a_event_id, a_outbox) AS s;

    INSERT INTO event (day, scope_no, seq, id, type_no, event_id, accepted_at, content_expires_at, more)
    SELECT a.day, a.scope, base + a.k - 1, a.id, a.type, a.event_id, a.accepted, a.expires, a.more
    FROM unnest(a_day, a_scope, a_id, a_type, a_event_id, a_accepted, a_expires, a_more)
      WITH ORDINALITY AS a (day, scope, id, type, event_id, accepted, expires, more, k)
    WHERE v_ok[a.k];
    INSERT INTO content (day, seq, body)
    SELECT a.expires / 86400000, base + a.k - 1, substring(p_bytes FROM a.at FOR a.length)
    FROM unnest(a_expires, a_at, a_length) WITH ORDINALITY AS a (expires, at, length, k)
    WHERE v_ok[a.k];
    -- A destination that was removed since the deliveries were planned gets none.
    INSERT INTO fresh (lane_no, seq, trigger, day)
    SELECT d.lane, base + d.event - 1, 0, a_day[d.event]
    FROM unnest(d_event, d_lane, d_due) AS d (event, lane, due)
    JOIN lane l ON l.no = d.lane AND l.removed_at IS NULL
    WHERE v_ok[d.event] AND d.due <= p_now
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS v_queued = ROW_COUNT;
    IF EXISTS (SELECT 1 FROM unnest(d_due) AS due WHERE due > p_now) THEN
      INSERT INTO waiting (lane_no, seq, trigger, day, due_at, attempts)
      SELECT d.lane, base + d.event - 1, 0, a_day[d.event], d.due, 0
      FROM unnest(d_event, d_lane, d_due) AS d (event, lane, due)
      JOIN lane l ON l.no = d.lane AND l.removed_at IS NULL
      WHERE v_ok[d.event] AND d.due > p_now
      ON CONFLICT DO NOTHING;
      GET DIAGNOSTICS v_count = ROW_COUNT;
      v_queued := v_queued + v_count;
    END IF;
    -- A removed destination may have been put back after the row of its lane was pruned.
    IF v_queued < cardinality(d_lane)
      AND EXISTS (SELECT 1 FROM unnest(d_lane) AS d WHERE NOT EXISTS (SELECT 1 FROM lane l WHERE l.no = d)) THEN
      RAISE EXCEPTION 'a lane of this batch is gone' USING ERRCODE = 'PH002';
    END IF;
  END IF;
END
$$;

-- The first of the next p_count seqs of this transaction. At most 8192 fit into one.
CREATE FUNCTION posthorn_take_seqs(p_count integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  -- Local to the transaction, so that several calls in one go on counting; a rolled back savepoint counts back.
  v_taken integer := coalesce(nullif(current_setting('posthorn.seqs_taken', true), ''), '0')::integer;
BEGIN
  IF v_taken + p_count > 8192 THEN
    RAISE EXCEPTION 'a transaction can publish at most 8192 events; commit and go on in another' USING ERRCODE = '54000';
  END IF;
  PERFORM set_config('posthorn.seqs_taken', (v_taken + p_count)::text, true);
  RETURN (SELECT value FROM meta WHERE name = 'seq_base') + (pg_current_xact_id()::text::bigint << 13) + v_taken;
END
$$;

CREATE FUNCTION posthorn_write_health_1(
  p_lane bigint, p_failures integer, p_since bigint, p_circuit smallint, p_probe bigint, p_delay bigint,
  p_throttled bigint
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF p_failures IS NULL THEN
    DELETE FROM health WHERE lane_no = p_lane;
    RETURN;
  END IF;
  INSERT INTO health VALUES (p_lane, p_failures, p_since, p_circuit, p_probe, p_delay, p_throttled)
  ON CONFLICT (lane_no) DO UPDATE SET (failures_in_row, failing_since, circuit, probe_at, probe_delay_ms,
    throttled_until) = (EXCLUDED.failures_in_row, EXCLUDED.failing_since, EXCLUDED.circuit, EXCLUDED.probe_at,
    EXCLUDED.probe_delay_ms, EXCLUDED.throttled_until);
END
$$;

-- Takes what must be unique for the events of p_ok, and says which of them may not be written after all: outbox
-- entries first, then answers of an Idempotency-Key, then the publishers' own ids. The caller puts no key twice into
-- one batch.
CREATE FUNCTION posthorn_claim_1(
  p_now bigint, p_ok boolean[],
  i_event integer[], i_key bytea[], i_body bytea[], i_status integer[], i_response text[], i_expires bigint[],
  a_org bigint[], a_scope bigint[], a_day integer[], a_id text[], a_event_id text[], a_outbox bigint[],
  OUT ok boolean[], OUT refused jsonb
) LANGUAGE plpgsql AS $$
DECLARE
  v record;
  v_count integer;
BEGIN
  ok := p_ok;
  refused := '[]';
  IF EXISTS (SELECT 1 FROM unnest(a_outbox) AS o WHERE o IS NOT NULL) THEN
    FOR v IN
      WITH wanted AS MATERIALIZED (
        SELECT a.no, a.k FROM unnest(a_outbox) WITH ORDINALITY AS a (no, k) WHERE a.no IS NOT NULL AND ok[a.k]
      ), gone AS (
        DELETE FROM outbox o USING wanted w WHERE o.no = w.no RETURNING o.no
      ) SELECT w.k FROM wanted w WHERE NOT EXISTS (SELECT 1 FROM gone WHERE gone.no = w.no)
    LOOP
      ok[v.k] := false;
      refused := refused || jsonb_build_object('k', v.k, 'kind', 'taken-out');
    END LOOP;
  END IF;
  IF cardinality(i_event) > 0 THEN
    FOR v IN
      SELECT i.event AS k, t.body_hash = i.body AS is_same, t.status, t.response
      FROM unnest(i_event, i_key, i_body) AS i (event, key, body)
      JOIN idempotency t ON t.organization_no = a_org[i.event] AND t.key_hash = i.key AND t.expires_at > p_now
      WHERE ok[i.event]
    LOOP
      ok[v.k] := false;
      refused := refused || CASE WHEN v.is_same
        THEN jsonb_build_object('k', v.k, 'kind', 'replayed', 'status', v.status, 'response', v.response)
        ELSE jsonb_build_object('k', v.k, 'kind', 'key-reused') END;
    END LOOP;
  END IF;
  IF EXISTS (SELECT 1 FROM unnest(a_event_id) AS e WHERE e IS NOT NULL) THEN
    FOR v IN
      WITH wanted AS MATERIALIZED (
        SELECT a.k, a.scope, a.event_id, a.id, a.day
        FROM unnest(a_scope, a_event_id, a_id, a_day) WITH ORDINALITY AS a (scope, event_id, id, day, k)
        WHERE a.event_id IS NOT NULL AND ok[a.k] ORDER BY a.scope, a.event_id, a.k
      ), made AS (
        INSERT INTO event_key (scope_no, event_id, id, day) SELECT scope, event_id, id, day FROM wanted
        ON CONFLICT DO NOTHING RETURNING id
      ) SELECT w.k, w.scope, w.event_id FROM wanted w WHERE NOT EXISTS (SELECT 1 FROM made WHERE made.id = w.id)
    LOOP
      ok[v.k] := false;
      refused := refused || jsonb_build_object('k', v.k, 'kind', 'duplicate', 'id', (
        SELECT t.id FROM event_key t WHERE t.scope_no = v.scope AND t.event_id = v.event_id));
    END LOOP;
  END IF;
  IF cardinality(i_event) > 0 THEN
    INSERT INTO idempotency (organization_no, key_hash, body_hash, status, response, expires_at)
    SELECT a_org[i.event], i.key, i.body, i.status, i.response, i.expires
    FROM unnest(i_event, i_key, i_body, i_status, i_response, i_expires)
      AS i (event, key, body, status, response, expires)
    WHERE ok[i.event] ORDER BY a_org[i.event], i.key
    ON CONFLICT (organization_no, key_hash) DO UPDATE SET body_hash = EXCLUDED.body_hash, status = EXCLUDED.status,
      response = EXCLUDED.response, expires_at = EXCLUDED.expires_at WHERE idempotency.expires_at <= p_now;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    IF v_count < (SELECT count(*) FROM unnest(i_event) AS e WHERE ok[e]) THEN
      RAISE EXCEPTION 'an idempotency key of this batch was taken meanwhile' USING ERRCODE = 'PH001';
    END IF;
  END IF;
END
$$;
`;
