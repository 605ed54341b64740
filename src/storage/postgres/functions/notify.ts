/**
 * What nodes tell each other through NOTIFY. It wakes, it never carries: whoever misses one finds the same in the tables.
 * A payload is one letter and its words (../notices.ts).
 */
export const notifySql = `
-- The name is the schema's, so that two stores in one database do not wake each other. It is written down here once,
-- because posthorn_publish runs in sessions with a search path of their own.
DO $do$
BEGIN
  EXECUTE format('CREATE FUNCTION posthorn_channel() RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS %L',
    format('SELECT %L', ('posthorn_' || current_schema())::name::text));
END
$do$;

-- Every write of an organization's catalog calls it in its own transaction. Returns the new version. Nodes hear of it
-- after the commit, or else ask for what is new (posthorn_renew_1).
CREATE FUNCTION posthorn_bump_catalog_1(p_organization bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_id text;
  v_version bigint;
BEGIN
  UPDATE organization SET catalog_version = catalog_version + 1, changed_seq = posthorn_take_seqs(0)
  WHERE no = p_organization RETURNING id, catalog_version INTO STRICT v_id, v_version;
  PERFORM pg_notify(posthorn_channel(), format('c %s %s', v_id, v_version));
  RETURN v_version;
END
$$;
`;
