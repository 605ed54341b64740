/**
 * Events of one owner by their terms: two looks, because neither is good at both ends.
 *
 * posthorn_search_near_1 goes through rows in order of seq and tests each: for terms that many events have. At most
 * p_looks rows; 'edge' is the last one's seq, NULL = there are no more.
 * posthorn_search_far_1 asks the index of terms, which gives all of the range at once and in no order: for terms that
 * few have. Each day by its name and '+ 0' leave the planner no other index; elsewhere this driver's sessions may not
 * make the bitmaps that this one needs.
 */
export const searchSql = `
CREATE FUNCTION posthorn_search_near_1(
  p_scope bigint, p_after bigint, p_before bigint, p_terms integer[], p_overflow integer[], p_up boolean,
  p_looks integer, OUT seqs bigint[], OUT days integer[], OUT edge bigint
) LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF p_up THEN
    SELECT array_agg(n.seq ORDER BY n.seq) FILTER (WHERE n.is_hit), array_agg(n.day ORDER BY n.seq) FILTER (WHERE n.is_hit),
      CASE WHEN count(*) = p_looks THEN max(n.seq) END INTO seqs, days, edge
    FROM (SELECT s.seq, s.day, s.terms @> p_terms OR s.terms @> p_overflow AS is_hit FROM search s
      WHERE s.scope_no = p_scope AND s.seq > p_after AND s.seq < p_before ORDER BY s.seq LIMIT p_looks) AS n;
  ELSE
    SELECT array_agg(n.seq ORDER BY n.seq DESC) FILTER (WHERE n.is_hit),
      array_agg(n.day ORDER BY n.seq DESC) FILTER (WHERE n.is_hit),
      CASE WHEN count(*) = p_looks THEN min(n.seq) END INTO seqs, days, edge
    FROM (SELECT s.seq, s.day, s.terms @> p_terms OR s.terms @> p_overflow AS is_hit FROM search s
      WHERE s.scope_no = p_scope AND s.seq > p_after AND s.seq < p_before ORDER BY s.seq DESC LIMIT p_looks) AS n;
  END IF;
END
$$;

CREATE FUNCTION posthorn_search_far_1(
  p_scope bigint, p_first_day integer, p_last_day integer, p_after bigint, p_before bigint,
  p_terms integer[], p_overflow integer[], p_up boolean, p_limit integer
) RETURNS TABLE (seq bigint, day integer) LANGUAGE plpgsql STABLE SET enable_bitmapscan = on AS $$
DECLARE
  v_days text := (SELECT string_agg(format(
      'SELECT s.seq, s.day FROM %I s WHERE (s.terms @> $1 OR s.terms @> $2) AND s.scope_no + 0 = $3
         AND s.seq + 0 > $4 AND s.seq + 0 < $5', 'search_' || d), ' UNION ALL ')
    FROM generate_series(p_first_day, p_last_day) AS d WHERE to_regclass('search_' || d) IS NOT NULL);
BEGIN
  IF v_days IS NULL THEN
    RETURN;
  END IF;
  RETURN QUERY EXECUTE format('SELECT f.seq, f.day FROM (%s) AS f ORDER BY f.seq %s LIMIT $6',
    v_days, CASE WHEN p_up THEN 'ASC' ELSE 'DESC' END)
  USING p_terms, p_overflow, p_scope, p_after, p_before, p_limit;
EXCEPTION WHEN undefined_table THEN
  -- A day was dropped a moment ago.
  RETURN QUERY SELECT f.seq, f.day FROM posthorn_search_far_1(p_scope, p_first_day, p_last_day, p_after, p_before,
    p_terms, p_overflow, p_up, p_limit) AS f;
END
$$;
`;
