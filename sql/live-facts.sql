-- What the running server knows and the embedded PostgreSQL must say in its place: sessions, locks,
-- settings, rules, counts of rows. Each built-in that would tell of the embedded server is renamed,
-- and a function of the same name and signature reads a fact, JSON that is sent along with a query
-- (pg_tide_fact in shadow.sql). Views over a replaced function are made again from their own text,
-- so that their columns stay PostgreSQL's. Which function needs which fact: postgres/live-facts.ts.

CREATE FUNCTION pg_tide_replace(old regprocedure, body text, is_strict bool DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS $replace$
DECLARE
  was record;
  view text;
  views text[];
BEGIN
  SELECT *, pg_get_function_arguments(oid) AS arguments, pg_get_function_result(oid) AS result
    INTO was FROM pg_proc WHERE oid = old;
  SELECT array_agg(format('CREATE OR REPLACE VIEW %I.%I AS %s', n.nspname, c.relname,
      pg_get_viewdef(c.oid)))
    INTO views FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE r.rulename = '_RETURN' AND r.ev_action::text LIKE format('%%:funcid %s %%', old::oid);
  EXECUTE format('ALTER FUNCTION %s RENAME TO %I', old, 'pg_tide_builtin_' || regexp_replace(was.proname, '^pg_', ''));
  EXECUTE format('CREATE FUNCTION pg_catalog.%I(%s) RETURNS %s STABLE PARALLEL SAFE %s LANGUAGE sql AS %L',
    was.proname, was.arguments, was.result,
    CASE WHEN coalesce(is_strict, was.proisstrict) THEN 'STRICT' ELSE '' END, body);
  UPDATE pg_proc SET proacl = was.proacl
    WHERE proname = was.proname AND proargtypes = was.proargtypes
      AND pronamespace = 'pg_catalog'::regnamespace;
  FOREACH view IN ARRAY coalesce(views, '{}') LOOP
    EXECUTE view;
  END LOOP;
END
$replace$;

-- A set whose rows are the fact's objects, with the output columns as keys.
CREATE FUNCTION pg_tide_replace_set(old regprocedure, fact text, filter text DEFAULT 'true')
RETURNS void LANGUAGE sql AS $set$
  SELECT pg_tide_replace(old, format(
      'SELECT %s FROM pg_catalog.json_to_recordset(coalesce(pg_catalog.pg_tide_fact(%L), ''[]'')::json) AS s(%s) WHERE %s',
      string_agg('s.' || quote_ident(name), ', ' ORDER BY at), fact,
      string_agg(quote_ident(name) || ' ' || format_type(type, NULL), ', ' ORDER BY at), filter),
    false)
  FROM pg_proc p, unnest(p.proallargtypes, p.proargmodes, p.proargnames)
    WITH ORDINALITY AS argument(type, mode, name, at)
  WHERE p.oid = old AND mode = 'o'
$set$;

-- One member of a fact that is an object.
CREATE FUNCTION pg_catalog.pg_tide_member(fact text, key text) RETURNS text
  STABLE PARALLEL SAFE LANGUAGE sql RETURN pg_catalog.pg_tide_fact(fact)::json ->> key;

SELECT pg_tide_replace_set('pg_stat_get_activity(int)', 'sessions', '$1 IS NULL OR s.pid = $1');
SELECT pg_tide_replace_set('pg_lock_status()', 'locks');
SELECT pg_tide_replace_set('pg_hba_file_rules()', 'rules');
-- There are no such files.
SELECT pg_tide_replace_set('pg_ident_file_mappings()', 'no_file');
SELECT pg_tide_replace_set('pg_show_all_file_settings()', 'no_file');

SELECT pg_tide_replace('pg_blocking_pids(int)', $$
  SELECT coalesce(array_agg(pid::int4), '{}')
  FROM pg_catalog.json_array_elements_text(
    coalesce(pg_catalog.pg_tide_fact('blockers')::json -> $1::text, '[]'::json)) AS blocker(pid)
$$);

-- `pgtide.settings` is {"<name in lower case>": {"shown", "setting", "source", "boot_val",
-- "reset_val"}}; what is absent is as the embedded server has it. Nothing else was configured.
SELECT pg_tide_replace('pg_show_all_settings()', $$
  SELECT s.name, coalesce(f.value ->> 'setting', s.setting), s.unit,
    s.category, s.short_desc, s.extra_desc, s.context, s.vartype,
    coalesce(f.value ->> 'source', 'default'), s.min_val, s.max_val, s.enumvals,
    coalesce(f.value ->> 'boot_val', s.reset_val), coalesce(f.value ->> 'reset_val', s.reset_val),
    NULL::text, NULL::int4, false
  FROM pg_catalog.pg_tide_builtin_show_all_settings() s
  LEFT JOIN pg_catalog.json_each(coalesce(pg_catalog.pg_tide_fact('settings'), '{}')::json) f
    ON f.key = pg_catalog.lower(s.name)
$$, false);
-- Not strict, so that they are expanded in place, and errors read as PostgreSQL's.
SELECT pg_tide_replace('current_setting(text)', $$
  SELECT coalesce(pg_catalog.pg_tide_fact('settings')::json -> pg_catalog.lower($1) ->> 'shown',
    pg_catalog.pg_tide_builtin_current_setting($1))
$$, false);
SELECT pg_tide_replace('current_setting(text, bool)', $$
  SELECT coalesce(
    CASE WHEN $2 IS NOT NULL THEN
      pg_catalog.pg_tide_fact('settings')::json -> pg_catalog.lower($1) ->> 'shown' END,
    pg_catalog.pg_tide_builtin_current_setting($1, $2))
$$, false);

SELECT pg_tide_replace('pg_conf_load_time()',
  $$SELECT pg_catalog.pg_tide_member('connection', 'conf_load_time')::timestamptz$$);
SELECT pg_tide_replace('inet_client_addr()',
  $$SELECT pg_catalog.pg_tide_member('connection', 'client_addr')::inet$$);
SELECT pg_tide_replace('inet_client_port()',
  $$SELECT pg_catalog.pg_tide_member('connection', 'client_port')::int4$$);
SELECT pg_tide_replace('inet_server_addr()',
  $$SELECT pg_catalog.pg_tide_member('connection', 'server_addr')::inet$$);
SELECT pg_tide_replace('inet_server_port()',
  $$SELECT pg_catalog.pg_tide_member('connection', 'server_port')::int4$$);
SELECT pg_tide_replace('pg_my_temp_schema()', $$
  SELECT coalesce((SELECT n.oid FROM pg_catalog.pg_namespace n
    WHERE n.nspname = pg_catalog.pg_tide_member('connection', 'temp_schema')), 0::oid)
$$);
SELECT pg_tide_replace('pg_is_other_temp_schema(oid)', $$
  SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.oid = $1
    AND n.nspname ~ '^pg_tide_temp_'
    AND n.nspname IS DISTINCT FROM pg_catalog.pg_tide_member('connection', 'temp_schema'))
$$);

SELECT pg_tide_replace('pg_current_xact_id()',
  $$SELECT pg_catalog.pg_tide_member('transaction', 'xid')::xid8$$);
SELECT pg_tide_replace('txid_current()',
  $$SELECT pg_catalog.pg_tide_member('transaction', 'xid')::int8$$);
SELECT pg_tide_replace('pg_current_xact_id_if_assigned()',
  $$SELECT pg_catalog.pg_tide_member('snapshot', 'xid')::xid8$$);
SELECT pg_tide_replace('txid_current_if_assigned()',
  $$SELECT pg_catalog.pg_tide_member('snapshot', 'xid')::int8$$);
SELECT pg_tide_replace('pg_current_snapshot()',
  $$SELECT pg_catalog.pg_tide_member('snapshot', 'text')::pg_snapshot$$);
SELECT pg_tide_replace('txid_current_snapshot()',
  $$SELECT pg_catalog.pg_tide_member('snapshot', 'text')::txid_snapshot$$);

-- `pgtide.rows` is {"<relation oid>": rows}; use is not counted, as under track_counts = off.
SELECT pg_tide_replace('pg_stat_get_live_tuples(oid)',
  $$SELECT coalesce(pg_catalog.pg_tide_member('rows', $1::text)::int8, 0)$$);
SELECT pg_tide_replace('pg_stat_get_db_numbackends(oid)', $$
  SELECT CASE $1 WHEN 5 THEN
    coalesce(pg_catalog.pg_tide_member('connection', 'backends')::int4, 0) ELSE 0 END
$$);
SELECT pg_tide_replace(oid, CASE
    WHEN prorettype = 'timestamptz'::regtype AND proname !~ '_db_'
      THEN 'SELECT pg_catalog.pg_postmaster_start_time()'
    WHEN prorettype = 'timestamptz'::regtype THEN 'SELECT NULL::pg_catalog.timestamptz'
    ELSE format('SELECT 0::%s', prorettype::regtype) END)
FROM pg_proc WHERE proname ~ '^pg_stat_get_(db|bgwriter|checkpointer|buf)_'
  AND proname <> 'pg_stat_get_db_numbackends' AND oid < 16384;

-- `pgtide.sequences` is {"<relation oid>": last value}, without those that gave none.
SELECT pg_tide_replace('pg_sequence_last_value(regclass)',
  $$SELECT pg_catalog.pg_tide_member('sequences', $1::oid::text)::int8$$);

DROP FUNCTION pg_tide_replace_set(regprocedure, text, text);
DROP FUNCTION pg_tide_replace(regprocedure, text, bool);
