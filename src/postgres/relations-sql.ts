/** Queries that read relations and functions out of the embedded server, one JSON object a row. */

import { ALL_ROLES } from "./role.ts";

/** Under it relations are printed the same whatever a session has set: names come out qualified. */
export const PRINTED_ALIKE =
  "SET LOCAL ROLE NONE; SET LOCAL search_path = pg_catalog; SET LOCAL DateStyle = 'ISO, MDY';" +
  " SET LOCAL IntervalStyle = postgres; SET LOCAL TimeZone = 'UTC'; SET LOCAL bytea_output = hex;" +
  " SET LOCAL extra_float_digits = 1; SET LOCAL quote_all_identifiers = off";

/** Rows that transaction `firstXid` or a part of it wrote; only one backend ever writes. */
function isWrittenBy(row: string, firstXid: string): string {
  return `${row}.xmin::text::int8 >= ${firstXid}`;
}

/** Tables, views, materialised views, sequences, foreign and partitioned tables. */
const KINDS = `c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')`;
const NOT_BUILT_IN = "16384";

const COLUMNS = `coalesce((
  SELECT json_agg(json_build_object(
    'number', a.attnum, 'name', a.attname, 'typeOid', a.atttypid::int8, 'typmod', a.atttypmod,
    'isNotNull', a.attnotnull, 'collationOid', a.attcollation::int8,
    'defaultText', pg_get_expr(d.adbin, d.adrelid), 'defaultTree', d.adbin::text,
    'generated', CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' END,
    'identity', CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END,
    'sequenceOid', (SELECT o.objid::int8 FROM pg_depend o
      JOIN pg_sequence q ON q.seqrelid = o.objid
      WHERE o.refclassid = 'pg_class'::regclass AND o.refobjid = a.attrelid
        AND o.refobjsubid = a.attnum AND o.classid = 'pg_class'::regclass
        AND o.deptype IN ('a', 'i') ORDER BY o.objid LIMIT 1)) ORDER BY a.attnum)
  FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]')`;

const ACTION = (column: string) => `CASE ${column} WHEN 'a' THEN 'no action'
  WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null'
  WHEN 'd' THEN 'set default' END`;

const CONSTRAINTS = `coalesce((
  SELECT json_agg(json_build_object(
    'oid', k.oid::int8, 'name', k.conname,
    'kind', CASE k.contype WHEN 'c' THEN 'check' WHEN 'n' THEN 'not null'
      WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' WHEN 'f' THEN 'foreign key'
      WHEN 'x' THEN 'exclusion' END,
    'columns', coalesce(array_to_json(k.conkey), '[]'),
    'text', pg_get_constraintdef(k.oid), 'tree', k.conbin::text,
    'indexOid', nullif(k.conindid, 0)::int8, 'isDeferrable', k.condeferrable,
    'isInitiallyDeferred', k.condeferred, 'isEnforced', k.conenforced,
    'isValidated', k.convalidated, 'isTemporal', k.conperiod,
    'foreign', CASE k.contype WHEN 'f' THEN json_build_object(
      'relationOid', k.confrelid::int8, 'columns', array_to_json(k.confkey),
      'onUpdate', ${ACTION("k.confupdtype")}, 'onDelete', ${ACTION("k.confdeltype")},
      'deleteSetColumns', array_to_json(k.confdelsetcols),
      'match', CASE k.confmatchtype WHEN 'f' THEN 'full' ELSE 'simple' END) END) ORDER BY k.oid)
  FROM pg_constraint k
  WHERE k.conrelid = c.oid AND k.contype IN ('c', 'n', 'p', 'u', 'f', 'x')), '[]')`;

const INDEXES = `coalesce((
  SELECT json_agg(json_build_object(
    'oid', i.indexrelid::int8, 'name', ic.relname, 'isUnique', i.indisunique,
    'isPrimary', i.indisprimary,
    'columns', array_to_json(
      (string_to_array(i.indkey::text, ' ')::int8[])[1:i.indnkeyatts]),
    'expressions', i.indexprs::text, 'predicate', i.indpred::text,
    'keyText', CASE WHEN i.indisunique AND i.indexprs IS NOT NULL THEN (
      SELECT string_agg(pg_get_indexdef(i.indexrelid, n::int, true), ', ' ORDER BY n)
      FROM generate_series(1, i.indnkeyatts) n) END,
    'nullsNotDistinct', i.indnullsnotdistinct, 'isImmediate', i.indimmediate,
    'constraintOid', (SELECT k.oid::int8 FROM pg_constraint k
      WHERE k.conrelid = i.indrelid AND k.conindid = i.indexrelid
        AND k.contype IN ('p', 'u', 'x'))) ORDER BY i.indexrelid)
  FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid WHERE i.indrelid = c.oid), '[]')`;

const SEQUENCE = `(
  SELECT json_build_object(
    'typeOid', q.seqtypid::int8, 'start', q.seqstart::text, 'increment', q.seqincrement::text,
    'min', q.seqmin::text, 'max', q.seqmax::text, 'cache', q.seqcache::text,
    'cycles', q.seqcycle,
    'ownedBy', (SELECT json_build_object('relationOid', o.refobjid::int8,
        'column', o.refobjsubid) FROM pg_depend o
      WHERE o.classid = 'pg_class'::regclass AND o.objid = q.seqrelid
        AND o.refclassid = 'pg_class'::regclass AND o.deptype IN ('a', 'i')),
    'position', (SELECT json_build_object('lastValue', p.last_value::text,
        'isCalled', p.is_called) FROM pg_get_sequence_data(q.seqrelid) p))
  FROM pg_sequence q WHERE q.seqrelid = c.oid)`;

const VIEW = `CASE WHEN c.relkind IN ('v', 'm') THEN json_build_object(
  'text', pg_get_viewdef(c.oid), 'options', coalesce(to_json(c.reloptions), '[]'),
  'isPopulated', c.relispopulated,
  'uses', coalesce((SELECT json_agg(DISTINCT u.refobjid::int8) FROM pg_depend u
    JOIN pg_rewrite w ON w.oid = u.objid
    WHERE u.classid = 'pg_rewrite'::regclass AND u.refclassid = 'pg_class'::regclass
      AND w.ev_class = c.oid AND u.refobjid <> c.oid), '[]')) END`;

/** In words that fit "... is not supported". */
const ODDITIES = `to_json(array_remove(ARRAY[
  CASE WHEN EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = c.oid OR h.inhparent = c.oid)
    THEN 'inheritance' END,
  CASE WHEN c.relispartition OR c.relkind = 'p' THEN 'partitioning' END,
  CASE WHEN c.relrowsecurity OR c.relforcerowsecurity THEN 'row-level security' END,
  CASE WHEN c.relkind = 'r' AND c.relhasrules THEN 'a rule' END,
  CASE WHEN EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
    THEN 'a trigger' END,
  CASE WHEN c.reloftype <> 0 THEN 'a typed table' END], NULL))`;

const RELATION = `json_build_object(
  'oid', c.oid::int8, 'schema', n.nspname, 'name', c.relname, 'relkind', c.relkind,
  'accessMethod', am.amname, 'columns', ${COLUMNS}, 'constraints', ${CONSTRAINTS},
  'indexes', ${INDEXES}, 'sequence', ${SEQUENCE}, 'view', ${VIEW}, 'oddities', ${ODDITIES})::text`;

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

export const ALL_ROLES_ROW = `SELECT ${ALL_ROLES}::text`;

export const ALL_SCHEMAS = "SELECT to_json(nspname)::text FROM pg_namespace";

/** `parts`: pairs of a relation's constraint or index and the relation. */
export const ALL_OIDS = `SELECT json_build_object(
  'relations', (SELECT coalesce(json_agg(c.oid::int8), '[]') FROM pg_class c
    WHERE ${KINDS} AND c.oid >= ${NOT_BUILT_IN}),
  'functions', (SELECT coalesce(json_agg(p.oid::int8), '[]') FROM pg_proc p
    WHERE p.oid >= ${NOT_BUILT_IN}),
  'schemas', (SELECT coalesce(json_agg(nspname), '[]') FROM pg_namespace),
  'roles', ${ALL_ROLES}::text,
  'parts', (SELECT coalesce(json_agg(json_build_array(oid, of)), '[]') FROM (
    SELECT k.oid::int8, k.conrelid::int8 FROM pg_constraint k WHERE k.conrelid >= ${NOT_BUILT_IN}
    UNION ALL SELECT i.indexrelid::int8, i.indrelid::int8 FROM pg_index i
    WHERE i.indrelid >= ${NOT_BUILT_IN}) AS part(oid, of)))::text`;

/**
 * A renamed schema renames its relations; a column, default, constraint, index, or sequence changes
 * its relation, and so does what is gone from it (`touched`, OIDs of relations).
 */
export function changedRelations(firstXid: string, touched: readonly number[]): string {
  const writtenBy = (row: string) => isWrittenBy(row, firstXid);
  return `SELECT ${RELATION} ${FROM_CLASS}
    WHERE ${KINDS} AND c.oid >= ${NOT_BUILT_IN} AND n.nspname !~ '^pg_toast'
      AND (${writtenBy("c")} OR ${writtenBy("n")} OR c.oid IN (${[0, ...touched].join(", ")})
      OR c.oid IN (SELECT a.attrelid FROM pg_attribute a WHERE ${writtenBy("a")})
      OR c.oid IN (SELECT d.adrelid FROM pg_attrdef d WHERE ${writtenBy("d")})
      OR c.oid IN (SELECT k.conrelid FROM pg_constraint k WHERE ${writtenBy("k")})
      OR c.oid IN (SELECT i.indrelid FROM pg_index i WHERE ${writtenBy("i")})
      OR c.oid IN (SELECT i.indrelid FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
        WHERE ${writtenBy("x")})
      OR c.oid IN (SELECT q.seqrelid FROM pg_sequence q WHERE ${writtenBy("q")})
      OR c.oid IN (SELECT w.ev_class FROM pg_rewrite w WHERE ${writtenBy("w")})
      OR c.oid IN (SELECT o.objid FROM pg_depend o
        WHERE o.classid = 'pg_class'::regclass AND ${writtenBy("o")})
      OR c.oid IN (SELECT o.refobjid FROM pg_depend o JOIN pg_sequence q ON q.seqrelid = o.objid
        WHERE o.refclassid = 'pg_class'::regclass AND o.classid = 'pg_class'::regclass
          AND ${writtenBy("o")}))
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
