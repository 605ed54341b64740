/** An application's token bucket, which all nodes take from (../allowance.ts). It holds a second's worth. */
export const allowanceSql = `
-- wait_ms: after which there is a token again, when none was granted. An application that has no scope yet or no longer
-- has nothing to send either.
CREATE FUNCTION posthorn_take_tokens_1(
  p_organization text, p_application text, p_per_second double precision, p_wanted integer,
  OUT granted integer, OUT wait_ms integer
) LANGUAGE plpgsql AS $$
DECLARE
  v_scope bigint;
  v_tokens double precision;
  v_at double precision;
  v_now double precision;
BEGIN
  granted := 0;
  wait_ms := 1000;
  SELECT s.no INTO v_scope FROM scope s JOIN organization o ON o.no = s.organization_no
  WHERE o.id = p_organization AND s.application_id = p_application;
  IF v_scope IS NULL THEN
    RETURN;
  END IF;
  -- What a crash takes back are tokens of its last moment.
  PERFORM set_config('synchronous_commit', 'off', true);
  INSERT INTO allowance VALUES (v_scope, p_per_second, 0) ON CONFLICT DO NOTHING;
  SELECT tokens, at INTO STRICT v_tokens, v_at FROM allowance WHERE scope_no = v_scope FOR UPDATE;
  -- Now that nobody else takes. A clock that was set back refills nothing.
  v_now := extract(epoch FROM clock_timestamp()) * 1000;
  v_tokens := least(p_per_second, v_tokens + p_per_second * greatest(v_now - v_at, 0) / 1000);
  granted := least(p_wanted, floor(v_tokens));
  wait_ms := CASE WHEN granted = 0 THEN greatest(ceil((1 - v_tokens) * 1000 / p_per_second), 1) ELSE 0 END;
  UPDATE allowance SET tokens = v_tokens - granted, at = v_now WHERE scope_no = v_scope;
END
$$;
`;
