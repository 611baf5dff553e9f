/** Queries that read relations and functions out of the embedded server, one JSON object a row. */

/** Rows that transaction `firstXid` or a part of it wrote; only one backend ever writes. */
function isWrittenBy(row: string, firstXid: string): string {
  return `${row}.xmin::text::int8 >= ${firstXid}`;
}

/** Tables, views, materialised views, sequences, foreign and partitioned tables. */
const KINDS = `c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')`;
const NOT_BUILT_IN = "16384";

const RELATION = `json_build_object(
  'oid', c.oid::int8, 'schema', n.nspname, 'name', c.relname, 'relkind', c.relkind,
  'accessMethod', am.amname,
  'columns', coalesce((
    SELECT json_agg(json_build_object(
      'number', a.attnum, 'name', a.attname, 'typeOid', a.atttypid::int8, 'typmod', a.atttypmod,
      'isNotNull', a.attnotnull,
      'defaultText', pg_get_expr(d.adbin, d.adrelid)) ORDER BY a.attnum)
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]'))::text`;

const FUNCTION = `json_build_object(
  'oid', p.oid::int8, 'schema', n.nspname, 'name', p.proname,
  'argumentOids', array_to_json(p.proargtypes::int8[]))::text`;

const FROM_CLASS = `FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_am am ON am.oid = c.relam`;
const FROM_PROC = "FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace";

/** Everything that initdb did not make, the template's own included. */
export const ALL_RELATIONS = `SELECT ${RELATION} ${FROM_CLASS}
  WHERE ${KINDS} AND c.oid >= ${NOT_BUILT_IN} AND n.nspname !~ '^pg_toast' ORDER BY c.oid`;

export const ALL_FUNCTIONS = `SELECT ${FUNCTION} ${FROM_PROC}
  WHERE p.oid >= ${NOT_BUILT_IN} ORDER BY p.oid`;

export const ALL_OIDS = `SELECT json_build_object(
  'relations', (SELECT coalesce(json_agg(c.oid::int8), '[]') FROM pg_class c
    WHERE ${KINDS} AND c.oid >= ${NOT_BUILT_IN}),
  'functions', (SELECT coalesce(json_agg(p.oid::int8), '[]') FROM pg_proc p
    WHERE p.oid >= ${NOT_BUILT_IN}))::text`;

/** A renamed schema renames its relations; a column or default changes its relation. */
export function changedRelations(firstXid: string): string {
  return `SELECT ${RELATION} ${FROM_CLASS}
    WHERE ${KINDS} AND c.oid >= ${NOT_BUILT_IN} AND (${isWrittenBy("c", firstXid)}
      OR ${isWrittenBy("n", firstXid)}
      OR c.oid IN (SELECT a.attrelid FROM pg_attribute a WHERE ${isWrittenBy("a", firstXid)})
      OR c.oid IN (SELECT d.adrelid FROM pg_attrdef d WHERE ${isWrittenBy("d", firstXid)}))
    ORDER BY c.oid`;
}

export function changedFunctions(firstXid: string): string {
  return `SELECT ${FUNCTION} ${FROM_PROC}
    WHERE p.oid >= ${NOT_BUILT_IN}
      AND (${isWrittenBy("p", firstXid)} OR ${isWrittenBy("n", firstXid)})
    ORDER BY p.oid`;
}

/** As a session starts with them, not as the worker that answers was started. */
export const SETTING_DEFAULTS = `SELECT json_build_object(
  'name', name,
  'value', CASE name WHEN 'client_min_messages' THEN 'notice'
    WHEN 'debug_print_rewritten' THEN 'off' WHEN 'search_path' THEN '"$user", public'
    WHEN 'transaction_read_only' THEN 'off'
    ELSE current_setting(name) END,
  'description', short_desc, 'context', context)::text
  FROM pg_settings ORDER BY name`;
