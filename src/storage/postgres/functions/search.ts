/**
 * Events of one owner by their terms: two looks, because neither is good at both ends.
 *
 * posthorn_search_near_1 goes through rows in order of seq and tests each: for terms that many events have. At most
 * p_looks rows; 'edge' is the last one's seq, NULL = there are no more.
 * posthorn_search_far_1 asks the index of terms, which gives all of the range at once and in no order: for terms that
 * few have. '+ 0' leaves the planner no other index; the sessions of this driver may make no bitmaps elsewhere.
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
BEGIN
  RETURN QUERY
  SELECT s.seq, s.day FROM search s
  WHERE s.day BETWEEN p_first_day AND p_last_day AND (s.terms @> p_terms OR s.terms @> p_overflow)
    AND s.scope_no + 0 = p_scope AND s.seq + 0 > p_after AND s.seq + 0 < p_before
  ORDER BY CASE WHEN p_up THEN s.seq ELSE -s.seq END LIMIT p_limit;
END
$$;
`;
