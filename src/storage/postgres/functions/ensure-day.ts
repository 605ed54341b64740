/**
 * Makes the partition of a day when it is missing. It is made beside and then attached, which, unlike CREATE … PARTITION
 * OF, does not stop readers and writers of the table.
 */
export const ensureDaySql = `
CREATE FUNCTION posthorn_ensure_day(p_table text, p_day integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_name text := format('%s_%s', p_table, p_day);
BEGIN
  IF p_table NOT IN ('event', 'content', 'attempt', 'search') THEN
    RAISE EXCEPTION 'no table % is cut by days', p_table;
  END IF;
  IF to_regclass(v_name) IS NOT NULL THEN
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('posthorn days'));
  -- In the table itself: what another session has made while this one waited is not in its cache of names yet.
  PERFORM 1 FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = p_table::regclass AND c.relname = v_name;
  IF FOUND THEN
    RETURN;
  END IF;
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', v_name, p_table);
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
    p_table, v_name, p_day, p_day + 1);
END
$$;
`;
