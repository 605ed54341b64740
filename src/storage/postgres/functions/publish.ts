/**
 * The outbox: `posthorn_publish` leaves an event in the caller's own transaction, so it exists if and only if that
 * commits; a node plans its deliveries afterwards. What the API would refuse is refused here with SQLSTATE 22023 or
 * P0002, because later nobody would hear of it. The limits are those of core/event/limits.ts; publish.test.ts holds the
 * two together.
 */
export const publishSql = `
CREATE FUNCTION posthorn_publish(
  organization text, application text, event_type text, payload text, event_id text DEFAULT NULL,
  channels text[] DEFAULT NULL, tags text[] DEFAULT NULL, ordering_key text DEFAULT NULL
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  v_application text := posthorn_application_of(organization, application);
  v_id text := posthorn_new_id(clock_timestamp());
BEGIN
  PERFORM posthorn_check_names('event_type', ARRAY[event_type], 1, 256);
  IF event_id IS NOT NULL THEN
    PERFORM posthorn_check_names('event_id', ARRAY[event_id], 1, 256);
  END IF;
  IF channels IS NOT NULL THEN
    PERFORM posthorn_check_names('channels', channels, 5, 128);
  END IF;
  IF cardinality(tags) > 0 THEN
    PERFORM posthorn_check_names('tags', tags, 8, 128);
  END IF;
  IF char_length(ordering_key) NOT BETWEEN 1 AND 256 THEN
    RAISE EXCEPTION 'ordering_key needs 1 to 256 characters' USING ERRCODE = '22023';
  END IF;
  IF payload IS NULL OR octet_length(payload) > 1048576 THEN
    RAISE EXCEPTION 'payload needs a JSON object of at most 1048576 bytes' USING ERRCODE = '22023';
  END IF;
  -- Raises by itself, with the place, when it is no JSON.
  IF json_typeof(payload::json) <> 'object' THEN
    RAISE EXCEPTION 'payload needs a JSON object, not a bare value or an array' USING ERRCODE = '22023';
  END IF;
  -- NOTIFY makes commits wait for each other, so only the first entry of many wakes a node; one that finds no other
  -- because it has just been taken out is found when the nodes look by themselves.
  PERFORM 1 FROM outbox ORDER BY no DESC LIMIT 1;
  IF NOT FOUND THEN
    PERFORM pg_notify(posthorn_channel(), 'o');
  END IF;
  INSERT INTO outbox (organization_id, application_id, id, type, event_id, channels, tags, ordering_key, content)
  VALUES (organization, v_application, v_id, event_type, event_id, channels, nullif(tags, '{}'), ordering_key,
    convert_to(payload, 'UTF8'));
  RETURN 'msg_' || v_id;
END
$$;

CREATE FUNCTION posthorn_publish(
  organization text, application text, event_type text, payload jsonb, event_id text DEFAULT NULL,
  channels text[] DEFAULT NULL, tags text[] DEFAULT NULL, ordering_key text DEFAULT NULL
) RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT posthorn_publish(organization, application, event_type, payload::text, event_id, channels, tags, ordering_key)
$$;

-- The bare id of an application that was given by id (with or without its prefix) or by its uid.
CREATE FUNCTION posthorn_application_of(p_organization text, p_application text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_id text;
BEGIN
  SELECT r.id INTO v_id FROM organization o JOIN resource r ON r.organization_no = o.no
  WHERE o.id = p_organization AND r.kind = 'application'
    AND (r.id = p_application OR 'app_' || r.id = p_application OR r.uid = p_application)
  ORDER BY r.uid IS NOT DISTINCT FROM p_application LIMIT 1;
  IF v_id IS NULL THEN
    RAISE EXCEPTION 'organization % has no application %: check both, or make the application first',
      coalesce(p_organization, 'NULL'), coalesce(p_application, 'NULL') USING ERRCODE = 'P0002';
  END IF;
  RETURN v_id;
END
$$;

CREATE FUNCTION posthorn_check_names(p_what text, p_names text[], p_most integer, p_chars integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_name text;
BEGIN
  IF cardinality(p_names) NOT BETWEEN 1 AND p_most OR array_ndims(p_names) > 1
    OR cardinality(p_names) > (SELECT count(DISTINCT n) FROM unnest(p_names) AS n) AND p_what <> 'tags' THEN
    RAISE EXCEPTION '% needs 1 to % different names', p_what, p_most USING ERRCODE = '22023';
  END IF;
  FOREACH v_name IN ARRAY p_names LOOP
    IF v_name IS NULL OR v_name !~ '^[a-zA-Z0-9_.-]+$' OR v_name IN ('.', '..') OR char_length(v_name) > p_chars THEN
      RAISE EXCEPTION '% needs names of 1 to % letters, digits, -, _ and dots', p_what, p_chars
        USING ERRCODE = '22023';
    END IF;
  END LOOP;
END
$$;

-- A KsuidMs as core/ids.ts makes it: seconds since 2014-05-13, 4 ms ticks, the ms within the tick, random bytes; base62.
CREATE FUNCTION posthorn_new_id(p_at timestamptz) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_ms bigint := floor(extract(epoch FROM p_at) * 1000);
  v_random bytea := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
  v_first integer := ((v_ms & 3) << 6) | (get_byte(v_random, 0) & 63);
  v_number numeric := (v_ms / 1000 - 1400000000) * 256 + (v_ms % 1000) / 4;
  v_text text := '';
BEGIN
  v_number := v_number * 256 + v_first;
  -- Fourteen more random bytes; those that hold a UUID's version and variant are left out.
  FOR i IN 1 .. 23 LOOP
    CONTINUE WHEN i NOT IN (1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 16, 17, 18);
    v_number := v_number * 256 + get_byte(v_random, i);
  END LOOP;
  FOR i IN 1 .. 27 LOOP
    v_text := substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', (v_number % 62)::integer + 1, 1)
      || v_text;
    v_number := div(v_number, 62);
  END LOOP;
  RETURN v_text;
END
$$;

-- Who may publish is said by a GRANT: the functions write as their owner.
REVOKE EXECUTE ON FUNCTION
  posthorn_publish(text, text, text, text, text, text[], text[], text),
  posthorn_publish(text, text, text, jsonb, text, text[], text[], text) FROM PUBLIC;
`;
