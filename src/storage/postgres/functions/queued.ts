/**
 * The events and contents of deliveries that were taken from the queue. A join in one statement would open every
 * partition of both tables for it, each time; here the days are known before the statement that joins begins.
 * OFFSET 0 keeps each look a look of its own, whatever the planner believes of the tables' sizes.
 * `content` is NULL when it has expired, was expunged or is gone.
 */
export const queuedSql = `
CREATE FUNCTION posthorn_queued_1(
  p_scope bigint, p_now bigint,
  q_seq bigint[], q_trigger smallint[], q_due bigint[], q_attempts integer[], q_day integer[]
) RETURNS TABLE (
  seq bigint, trigger smallint, due_at bigint, attempts integer,
  id text, application_id text, type text, event_id text, accepted_at bigint, content_expires_at bigint,
  expunged boolean, more text, content bytea
) LANGUAGE plpgsql STABLE ROWS 250 AS $$
#variable_conflict use_column
DECLARE
  v_day integer;
  v_expiry integer;
BEGIN
  FOR v_day IN SELECT DISTINCT unnest(q_day) LOOP
    FOR v_expiry IN
      SELECT DISTINCT (e.content_expires_at / 86400000)::integer
      FROM unnest(q_seq, q_day) AS q (seq, day)
      CROSS JOIN LATERAL (SELECT * FROM event
        WHERE day = v_day AND scope_no = p_scope AND event.seq = q.seq OFFSET 0) AS e
      WHERE q.day = v_day
    LOOP
      RETURN QUERY
      SELECT q.seq, q.trigger, q.due_at, q.attempts,
        e.id, s.application_id, t.name, e.event_id, e.accepted_at, e.content_expires_at,
        e.expunged, e.more, c.body
      FROM unnest(q_seq, q_trigger, q_due, q_attempts, q_day) AS q (seq, trigger, due_at, attempts, day)
      CROSS JOIN LATERAL (SELECT * FROM event
        WHERE day = v_day AND scope_no = p_scope AND event.seq = q.seq OFFSET 0) AS e
      JOIN scope s ON s.no = e.scope_no JOIN type t ON t.no = e.type_no
      LEFT JOIN content c ON c.day = v_expiry AND c.seq = e.seq
        AND NOT e.expunged AND e.content_expires_at > p_now
      WHERE q.day = v_day AND e.content_expires_at / 86400000 = v_expiry;
    END LOOP;
  END LOOP;
END
$$;
`;
