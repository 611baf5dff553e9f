-- What the embedded PostgreSQL holds before any definition of the user: our access method, our
-- functions' signatures, our introspection relations, and what must not show that it is embedded.
-- Run once, when the project is built, with allow_system_table_mods on; see postgres/build-template.ts.
-- No password ever comes in here.

-- `CREATE TABLE ... USING tstable` parses and makes an empty heap; the rows live in the table store.
CREATE ACCESS METHOD tstable TYPE TABLE HANDLER heap_tableam_handler;
COMMENT ON ACCESS METHOD tstable IS 'time-series table in Parquet segments';

-- Functions that the engine computes. They exist here for name and type resolution alone.
DO $declare$
DECLARE
  declaration text;
BEGIN
  FOREACH declaration IN ARRAY ARRAY[
    'time_bucket(bucket_width interval, ts timestamp) RETURNS timestamp STRICT',
    'time_bucket(bucket_width interval, ts timestamptz) RETURNS timestamptz STRICT',
    'time_bucket(bucket_width interval, ts date) RETURNS date STRICT',
    'time_bucket(bucket_width interval, ts uuid) RETURNS timestamptz STRICT',
    'time_bucket(bucket_width interval, ts timestamp, origin timestamp) RETURNS timestamp STRICT',
    'time_bucket(bucket_width interval, ts timestamptz, origin timestamptz) RETURNS timestamptz STRICT',
    'time_bucket(bucket_width interval, ts date, origin date) RETURNS date STRICT',
    'time_bucket(bucket_width interval, ts uuid, origin timestamptz) RETURNS timestamptz STRICT',
    'time_bucket(bucket_width interval, ts timestamp, "offset" interval) RETURNS timestamp STRICT',
    'time_bucket(bucket_width interval, ts timestamptz, "offset" interval) RETURNS timestamptz STRICT',
    'time_bucket(bucket_width interval, ts date, "offset" interval) RETURNS date STRICT',
    'time_bucket(bucket_width interval, ts uuid, "offset" interval) RETURNS timestamptz STRICT',
    'time_bucket(bucket_width interval, ts timestamptz, timezone text, origin timestamptz DEFAULT NULL, "offset" interval DEFAULT NULL) RETURNS timestamptz',
    'time_bucket(bucket_width interval, ts uuid, timezone text, origin timestamptz DEFAULT NULL, "offset" interval DEFAULT NULL) RETURNS timestamptz',
    'time_bucket(bucket_width int2, ts int2) RETURNS int2 STRICT',
    'time_bucket(bucket_width int4, ts int4) RETURNS int4 STRICT',
    'time_bucket(bucket_width int8, ts int8) RETURNS int8 STRICT',
    'time_bucket(bucket_width int2, ts int2, "offset" int2) RETURNS int2 STRICT',
    'time_bucket(bucket_width int4, ts int4, "offset" int4) RETURNS int4 STRICT',
    'time_bucket(bucket_width int8, ts int8, "offset" int8) RETURNS int8 STRICT',
    'time_bucket_gapfill(bucket_width int2, ts int2, start int2 DEFAULT NULL, finish int2 DEFAULT NULL) RETURNS int2',
    'time_bucket_gapfill(bucket_width int4, ts int4, start int4 DEFAULT NULL, finish int4 DEFAULT NULL) RETURNS int4',
    'time_bucket_gapfill(bucket_width int8, ts int8, start int8 DEFAULT NULL, finish int8 DEFAULT NULL) RETURNS int8',
    'time_bucket_gapfill(bucket_width interval, ts date, start date DEFAULT NULL, finish date DEFAULT NULL) RETURNS date',
    'time_bucket_gapfill(bucket_width interval, ts timestamp, start timestamp DEFAULT NULL, finish timestamp DEFAULT NULL) RETURNS timestamp',
    'time_bucket_gapfill(bucket_width interval, ts timestamptz, start timestamptz DEFAULT NULL, finish timestamptz DEFAULT NULL) RETURNS timestamptz',
    'time_bucket_gapfill(bucket_width interval, ts timestamptz, timezone text, start timestamptz DEFAULT NULL, finish timestamptz DEFAULT NULL) RETURNS timestamptz',
    'locf(value anyelement, prev anyelement DEFAULT NULL, treat_null_as_missing bool DEFAULT false) RETURNS anyelement',
    'interpolate(value int2, prev record DEFAULT NULL, next record DEFAULT NULL) RETURNS int2',
    'interpolate(value int4, prev record DEFAULT NULL, next record DEFAULT NULL) RETURNS int4',
    'interpolate(value int8, prev record DEFAULT NULL, next record DEFAULT NULL) RETURNS int8',
    'interpolate(value float4, prev record DEFAULT NULL, next record DEFAULT NULL) RETURNS float4',
    'interpolate(value float8, prev record DEFAULT NULL, next record DEFAULT NULL) RETURNS float8',
    -- Transition functions of the aggregates below.
    'pg_tide_first_last(state anyelement, value anyelement, at anycompatible) RETURNS anyelement',
    'pg_tide_histogram(state int4[], value float8, min float8, max float8, nbuckets int4) RETURNS int4[]'
  ] LOOP
    EXECUTE format($create$
      CREATE FUNCTION pg_catalog.%s IMMUTABLE PARALLEL SAFE LANGUAGE plpgsql AS $body$BEGIN
        RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = %L;
      END$body$
    $create$, declaration, split_part(declaration, '(', 1) || ' is not supported in this place');
  END LOOP;
END
$declare$;

CREATE AGGREGATE pg_catalog.first(value anyelement, "time" anycompatible)
  (SFUNC = pg_catalog.pg_tide_first_last, STYPE = anyelement, PARALLEL = SAFE);
CREATE AGGREGATE pg_catalog.last(value anyelement, "time" anycompatible)
  (SFUNC = pg_catalog.pg_tide_first_last, STYPE = anyelement, PARALLEL = SAFE);
CREATE AGGREGATE pg_catalog.histogram(value float8, min float8, max float8, nbuckets int4)
  (SFUNC = pg_catalog.pg_tide_histogram, STYPE = int4[], PARALLEL = SAFE);

-- Introspection: the session serves the rows, so these stay empty.
CREATE SCHEMA tstable;
COMMENT ON SCHEMA tstable IS 'time-series tables: what they hold and how they came to be';

CREATE TABLE tstable.tables (
  table_schema text, table_name text, time_column text, time_type text, entity_columns text[],
  bucket text, timezone text, overlap text, overlap_grain text, compression text, retain interval,
  location text, version bigint, rows bigint, bytes bigint, segments int, entities bigint,
  min_time text, max_time text, first_commit timestamptz, last_commit timestamptz,
  readable_by_tstf bool, options jsonb
);
CREATE TABLE tstable.segments (
  table_schema text, table_name text, segment text, path text, origin text, mode text, rows bigint,
  bytes bigint, min_time timestamptz, max_time timestamptz, min_index bigint, max_index bigint,
  override_min timestamptz, override_max timestamptz, committed_at timestamptz,
  version_added bigint, version_removed bigint, entities int, entity jsonb, buckets bigint,
  row_groups int, sorted bool, codec text, etag text
);
CREATE TABLE tstable.versions (
  table_schema text, table_name text, version bigint, committed_at timestamptz, operation text,
  rows_added bigint, rows_removed bigint, segments_added bigint, segments_removed bigint,
  buckets_added bigint, buckets_removed bigint, min_time text, max_time text, author text,
  application text, message text, idempotency_key text, statement text, readable bool
);
GRANT USAGE ON SCHEMA tstable TO PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA tstable TO PUBLIC;

-- Built-ins that would tell of the embedded server instead of ours. A built-in keeps its OID and its
-- C code whatever pg_proc says, so it is renamed and another function takes the name. What the
-- session knows arrives in settings `pgtide.*`, empty when it was not sent.
CREATE FUNCTION pg_catalog.pg_tide_fact(name text) RETURNS text
  STABLE PARALLEL SAFE LANGUAGE sql
  RETURN nullif(pg_catalog.current_setting('pgtide.' || name, true), '');

ALTER FUNCTION pg_catalog.version() RENAME TO pg_tide_builtin_version;
CREATE FUNCTION pg_catalog.version() RETURNS text STABLE PARALLEL SAFE LANGUAGE sql
  RETURN 'PostgreSQL ' || pg_catalog.current_setting('server_version')
    || ' on x86_64-pc-linux-gnu, compiled by gcc, 64-bit';

ALTER FUNCTION pg_catalog.pg_backend_pid() RENAME TO pg_tide_builtin_backend_pid;
CREATE FUNCTION pg_catalog.pg_backend_pid() RETURNS int4 STABLE PARALLEL SAFE LANGUAGE sql
  RETURN coalesce(pg_catalog.pg_tide_fact('process_id')::int4, 0);

ALTER FUNCTION pg_catalog.pg_postmaster_start_time() RENAME TO pg_tide_builtin_start_time;
CREATE FUNCTION pg_catalog.pg_postmaster_start_time() RETURNS timestamptz
  STABLE PARALLEL SAFE LANGUAGE sql
  RETURN pg_catalog.pg_tide_fact('start_time')::timestamptz;

-- Sizes: `pgtide.sizes` is {"<relation oid>": bytes, ...}, with the sum over all under "database".
CREATE FUNCTION pg_catalog.pg_tide_size(key text) RETURNS int8 STABLE PARALLEL SAFE LANGUAGE sql
  RETURN coalesce((pg_catalog.pg_tide_fact('sizes')::json ->> key)::int8, 0);

ALTER FUNCTION pg_catalog.pg_relation_size(regclass) RENAME TO pg_tide_builtin_relation_size;
ALTER FUNCTION pg_catalog.pg_relation_size(regclass, text) RENAME TO pg_tide_builtin_relation_size;
ALTER FUNCTION pg_catalog.pg_total_relation_size(regclass) RENAME TO pg_tide_builtin_total_size;
ALTER FUNCTION pg_catalog.pg_table_size(regclass) RENAME TO pg_tide_builtin_table_size;
ALTER FUNCTION pg_catalog.pg_indexes_size(regclass) RENAME TO pg_tide_builtin_indexes_size;
ALTER FUNCTION pg_catalog.pg_database_size(oid) RENAME TO pg_tide_builtin_database_size;
ALTER FUNCTION pg_catalog.pg_database_size(name) RENAME TO pg_tide_builtin_database_size;
ALTER FUNCTION pg_catalog.pg_tablespace_size(oid) RENAME TO pg_tide_builtin_tablespace_size;
ALTER FUNCTION pg_catalog.pg_tablespace_size(name) RENAME TO pg_tide_builtin_tablespace_size;

CREATE FUNCTION pg_catalog.pg_relation_size(regclass) RETURNS int8
  STRICT STABLE PARALLEL SAFE LANGUAGE sql RETURN pg_catalog.pg_tide_size($1::oid::text);
CREATE FUNCTION pg_catalog.pg_relation_size(regclass, text) RETURNS int8
  STRICT STABLE PARALLEL SAFE LANGUAGE sql
  RETURN CASE $2 WHEN 'main' THEN pg_catalog.pg_tide_size($1::oid::text) ELSE 0 END;
CREATE FUNCTION pg_catalog.pg_total_relation_size(regclass) RETURNS int8
  STRICT STABLE PARALLEL SAFE LANGUAGE sql RETURN pg_catalog.pg_tide_size($1::oid::text);
CREATE FUNCTION pg_catalog.pg_table_size(regclass) RETURNS int8
  STRICT STABLE PARALLEL SAFE LANGUAGE sql RETURN pg_catalog.pg_tide_size($1::oid::text);
CREATE FUNCTION pg_catalog.pg_indexes_size(regclass) RETURNS int8
  STRICT STABLE PARALLEL SAFE LANGUAGE sql RETURN 0::int8;
CREATE FUNCTION pg_catalog.pg_database_size(oid) RETURNS int8
  STRICT STABLE PARALLEL SAFE LANGUAGE sql
  RETURN CASE WHEN $1 = 5 THEN pg_catalog.pg_tide_size('database') ELSE 0 END;
CREATE FUNCTION pg_catalog.pg_database_size(name) RETURNS int8
  STRICT STABLE PARALLEL SAFE LANGUAGE sql
  RETURN (SELECT pg_catalog.pg_database_size(oid) FROM pg_catalog.pg_database WHERE datname = $1);
CREATE FUNCTION pg_catalog.pg_tablespace_size(oid) RETURNS int8
  STRICT STABLE PARALLEL SAFE LANGUAGE sql
  RETURN CASE WHEN $1 = 1663 THEN pg_catalog.pg_tide_size('database') ELSE 0 END;
CREATE FUNCTION pg_catalog.pg_tablespace_size(name) RETURNS int8
  STRICT STABLE PARALLEL SAFE LANGUAGE sql
  RETURN (SELECT pg_catalog.pg_tablespace_size(oid) FROM pg_catalog.pg_tablespace WHERE spcname = $1);

-- Cursors, prepared statements and the progress of COPY are the server's own: JSON arrays of rows.
CREATE OR REPLACE VIEW pg_catalog.pg_stat_progress_copy AS
  SELECT c.pid, 5::oid AS datid, 'postgres'::name AS datname, c.relid, c.command, c.type,
    c.bytes_processed, c.bytes_total, c.tuples_processed, c.tuples_excluded, c.tuples_skipped
  FROM json_to_recordset(coalesce(pg_catalog.pg_tide_fact('copies'), '[]')::json) AS c(
    pid int4, relid oid, command text, type text, bytes_processed int8, bytes_total int8,
    tuples_processed int8, tuples_excluded int8, tuples_skipped int8);

CREATE OR REPLACE VIEW pg_catalog.pg_cursors AS
  SELECT c.name, c.statement, c.is_holdable, c.is_binary, c.is_scrollable, c.creation_time
  FROM json_to_recordset(coalesce(pg_catalog.pg_tide_fact('cursors'), '[]')::json) AS c(
    name text, statement text, is_holdable bool, is_binary bool, is_scrollable bool,
    creation_time timestamptz);

CREATE OR REPLACE VIEW pg_catalog.pg_prepared_statements AS
  SELECT p.name, p.statement, p.prepare_time, p.parameter_types, p.result_types, p.from_sql,
    p.generic_plans, p.custom_plans
  FROM json_to_recordset(coalesce(pg_catalog.pg_tide_fact('statements'), '[]')::json) AS p(
    name text, statement text, prepare_time timestamptz, parameter_types regtype[],
    result_types regtype[], from_sql bool, generic_plans int8, custom_plans int8);
