/**
 * A standby that is promoted may lack the last commits of the server before it, and gives their transaction ids again.
 * Nodes still hold deliveries of those events, so the seqs made of the ids must not be given again.
 */
export const lostSeqsSql = `
-- Counts up with each promotion; 0 where the server does not tell.
CREATE FUNCTION posthorn_timeline() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  RETURN ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint;
EXCEPTION WHEN insufficient_privilege OR feature_not_supported THEN
  RETURN 0;
END
$$;

-- Each node calls it over a new connection before its first write there. Skips a million transactions.
CREATE FUNCTION posthorn_skip_lost_seqs_1() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE meta SET value = posthorn_timeline() WHERE name = 'timeline' AND value <> posthorn_timeline();
  IF FOUND THEN
    UPDATE meta SET value = value + (1000000::bigint << 13) WHERE name = 'seq_base';
  END IF;
END
$$;
`;
