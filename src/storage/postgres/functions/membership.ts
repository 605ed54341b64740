/**
 * What keeps a node in the cluster and the shards with living nodes (../membership.ts). Numbers and epochs are 0 where
 * the tables have NULL. The database's clock alone says whose lease has run out.
 */
export const membershipSql = `
-- Run out; or longer than any lease, because the database's clock was set back.
CREATE FUNCTION posthorn_has_lapsed(p_expires timestamptz, p_lease_ms integer) RETURNS boolean LANGUAGE sql AS $$
  SELECT p_expires NOT BETWEEN clock_timestamp() AND clock_timestamp() + 2 * p_lease_ms * interval '1 ms'
$$;

-- Renews the lease, even one that has run out: as long as nobody deleted the row, nobody took its shards. Hands over
-- those of p_given that are wanted, and says how the cluster stands and which catalogs changed: organizations whose
-- change may have been invisible when decided_below was p_known; NULL = none.
CREATE FUNCTION posthorn_renew_1(
  p_epoch bigint, p_tag text, p_lease_ms integer, p_given smallint[], p_known bigint,
  OUT now_ms double precision, OUT is_member boolean, OUT decided_below bigint,
  OUT members bigint[], OUT lapsed bigint[], OUT holders bigint[], OUT takers bigint[],
  OUT organizations text[], OUT versions bigint[], OUT has_outbox boolean
) LANGUAGE plpgsql AS $$
BEGIN
  -- A renewal that a crash takes back is made again. What is handed over must last.
  IF cardinality(p_given) = 0 THEN
    PERFORM set_config('synchronous_commit', 'off', true);
  ELSE
    UPDATE shard SET epoch = wanted, wanted = NULL
    WHERE no = ANY (p_given) AND epoch = p_epoch AND wanted IS NOT NULL;
    IF FOUND THEN
      PERFORM pg_notify(posthorn_channel(), 'm');
    END IF;
  END IF;
  -- The tag too: after a failover that lost commits, an epoch could be given a second time.
  UPDATE node SET renewed_at = clock_timestamp(), expires_at = clock_timestamp() + p_lease_ms * interval '1 ms'
  WHERE epoch = p_epoch AND backend_tag = p_tag;
  is_member := FOUND;
  -- First: what is committed after this is reported the next time.
  decided_below := posthorn_decided_below();
  SELECT coalesce(array_agg(o.id), '{}'), coalesce(array_agg(o.catalog_version), '{}') INTO organizations, versions
  FROM organization o WHERE o.changed_seq >= p_known;
  SELECT coalesce(array_agg(n.epoch), '{}'),
    coalesce(array_agg(n.epoch) FILTER (WHERE posthorn_has_lapsed(n.expires_at, p_lease_ms)), '{}')
  INTO members, lapsed FROM node n;
  SELECT array_agg(coalesce(s.epoch, 0) ORDER BY s.no), array_agg(coalesce(s.wanted, 0) ORDER BY s.no)
  INTO holders, takers FROM shard s;
  has_outbox := EXISTS (SELECT 1 FROM outbox);
  now_ms := extract(epoch FROM clock_timestamp()) * 1000;
END
$$;

-- Declares the nodes of p_lapsed dead unless they have renewed, and changes shards that are still as the caller saw
-- them (was_holder, was_taker). Returns who died. Nothing happens while another node is at it.
CREATE FUNCTION posthorn_assign_1(
  p_lease_ms integer, p_lapsed bigint[],
  p_no smallint[], p_was_holder bigint[], p_was_taker bigint[], p_holder bigint[], p_taker bigint[]
) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
  v_dead bigint[] := '{}';
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext(posthorn_channel())) THEN
    RETURN v_dead;
  END IF;
  IF cardinality(p_lapsed) > 0 THEN
    -- A stopped process keeps its transactions open, and they its row. Whatever it had begun ends here.
    PERFORM pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN node n ON a.application_name = n.backend_tag
    WHERE n.epoch = ANY (p_lapsed) AND posthorn_has_lapsed(n.expires_at, p_lease_ms)
      AND a.datname = current_database() AND a.usename = current_user;
    PERFORM set_config('lock_timeout', '300ms', true);
    WITH gone AS (
      DELETE FROM node n WHERE n.epoch = ANY (p_lapsed) AND posthorn_has_lapsed(n.expires_at, p_lease_ms)
      RETURNING n.epoch
    ) SELECT coalesce(array_agg(gone.epoch), '{}') INTO v_dead FROM gone;
  END IF;
  UPDATE shard s SET epoch = nullif(c.holder, 0), wanted = nullif(c.taker, 0)
  FROM unnest(p_no, p_was_holder, p_was_taker, p_holder, p_taker) AS c (no, was_holder, was_taker, holder, taker)
  WHERE s.no = c.no AND coalesce(s.epoch, 0) = c.was_holder AND coalesce(s.wanted, 0) = c.was_taker
    -- Only the holder itself takes a shard from a living holder.
    AND (c.holder = c.was_holder OR NOT EXISTS (SELECT 1 FROM node n WHERE n.epoch = s.epoch));
  IF FOUND OR cardinality(v_dead) > 0 THEN
    PERFORM pg_notify(posthorn_channel(), 'm');
  END IF;
  IF cardinality(v_dead) > 0 THEN
    -- It may have died between a commit and the wakes that were to follow.
    PERFORM pg_notify(posthorn_channel(), 'a');
  END IF;
  RETURN v_dead;
END
$$;
`;
