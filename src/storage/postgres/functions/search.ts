/**
 * Events of one owner by their terms: two looks, because neither is good at both ends.
 *
 * posthorn_search_near_1 goes through rows in order of seq and tests each: for terms that many events have. It ends
 * with p_limit hits or after p_looks rows; 'edge' is the last row's seq, NULL = there are no more.
 * posthorn_search_far_1 asks the index of terms, which gives all of the range at once and in no order: for terms that
 * few have. Where p_most or more have them its rows are without seq: then the other look is the better one. Each day
 * by its name and '+ 0' leave the planner no other index; elsewhere this driver's sessions may not
 * make the bitmaps that this one needs.
 */
export const searchSql = `
CREATE FUNCTION posthorn_search_near_1(
  p_scope bigint, p_after bigint, p_before bigint, p_since bigint, p_until bigint,
  p_terms integer[], p_overflow integer[], p_up boolean, p_looks integer, p_limit integer,
  OUT seqs bigint[], OUT days integer[], OUT edge bigint
) LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF p_up THEN
    SELECT array_agg(h.seq ORDER BY h.seq), array_agg(h.day ORDER BY h.seq) INTO seqs, days
    FROM (SELECT n.seq, n.day FROM (SELECT s.seq, s.day, s.terms FROM search s
      WHERE s.scope_no = p_scope AND s.seq > p_after AND s.seq < p_before
        AND s.accepted_at >= p_since AND s.accepted_at < p_until ORDER BY s.seq LIMIT p_looks) AS n
      WHERE n.terms @> p_terms OR n.terms @> p_overflow ORDER BY n.seq LIMIT p_limit) AS h;
  ELSE
    SELECT array_agg(h.seq ORDER BY h.seq DESC), array_agg(h.day ORDER BY h.seq DESC) INTO seqs, days
    FROM (SELECT n.seq, n.day FROM (SELECT s.seq, s.day, s.terms FROM search s
      WHERE s.scope_no = p_scope AND s.seq > p_after AND s.seq < p_before
        AND s.accepted_at >= p_since AND s.accepted_at < p_until ORDER BY s.seq DESC LIMIT p_looks) AS n
      WHERE n.terms @> p_terms OR n.terms @> p_overflow ORDER BY n.seq DESC LIMIT p_limit) AS h;
  END IF;
  IF cardinality(seqs) = p_limit THEN
    edge := seqs[p_limit];
  ELSIF p_up THEN
    SELECT max(n.seq) INTO edge FROM (SELECT s.seq, s.day, s.terms FROM search s
      WHERE s.scope_no = p_scope AND s.seq > p_after AND s.seq < p_before
        AND s.accepted_at >= p_since AND s.accepted_at < p_until ORDER BY s.seq LIMIT p_looks) AS n HAVING count(*) = p_looks;
  ELSE
    SELECT min(n.seq) INTO edge FROM (SELECT s.seq, s.day, s.terms FROM search s
      WHERE s.scope_no = p_scope AND s.seq > p_after AND s.seq < p_before
        AND s.accepted_at >= p_since AND s.accepted_at < p_until ORDER BY s.seq DESC LIMIT p_looks) AS n HAVING count(*) = p_looks;
  END IF;
END
$$;

CREATE FUNCTION posthorn_search_far_1(
  p_scope bigint, p_after bigint, p_before bigint, p_since bigint, p_until bigint,
  p_terms integer[], p_overflow integer[], p_up boolean, p_most integer, p_limit integer, p_day integer
) RETURNS TABLE (seq bigint, day integer) LANGUAGE plpgsql STABLE SET enable_bitmapscan = on AS $$
DECLARE
  v_hits text := 'AND (s.terms @> $1 OR s.terms @> $2) AND s.accepted_at >= $6 AND s.accepted_at < $7';
  v_days text;
BEGIN
  SELECT string_agg(format('SELECT s.seq, s.day FROM %I s WHERE ', 'search_' || d.day) || d.range || v_hits, ' UNION ALL ')
  INTO v_days FROM (VALUES
    (p_day, 's.scope_no + 0 = $3 AND s.seq + 0 > $4 AND s.seq + 0 < $5 '),
    -- The few that were committed after the first of this day.
    (p_day - 1, 's.scope_no = $3 AND s.seq > $4 AND s.seq < $5 ')) AS d (day, range)
  WHERE to_regclass('search_' || d.day) IS NOT NULL;
  IF v_days IS NULL THEN
    RETURN;
  END IF;
  RETURN QUERY EXECUTE format('WITH f AS MATERIALIZED (SELECT * FROM (%s) AS d LIMIT $8)
    SELECT CASE WHEN (SELECT count(*) FROM f) < $8 THEN f.seq END, f.day FROM f ORDER BY f.seq %s LIMIT $9',
    v_days, CASE WHEN p_up THEN 'ASC' ELSE 'DESC' END)
  USING p_terms, p_overflow, p_scope, p_after, p_before, p_since, p_until, p_most, p_limit;
EXCEPTION WHEN undefined_table THEN
  -- A day was dropped a moment ago.
  RETURN QUERY SELECT f.seq, f.day FROM posthorn_search_far_1(p_scope, p_after, p_before, p_since, p_until,
    p_terms, p_overflow, p_up, p_most, p_limit, p_day) AS f;
END
$$;
`;
