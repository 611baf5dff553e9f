/** Reads the signatures of everything in the template: the content of dist/catalogue.json. */

import type { PGlite } from "@electric-sql/pglite";
import type {
  CastEntry,
  CatalogueFile,
  FunctionEntry,
  OperatorEntry,
  TypeEntry,
} from "../types/catalogue.ts";

/** proargnames also names output arguments; only the first pronargs in order of input count. */
const FUNCTIONS = `
SELECT json_build_object(
  'oid', p.oid::int8, 'schema', n.nspname, 'name', p.proname,
  'argumentOids', array_to_json(p.proargtypes::int8[]),
  'argumentNames', coalesce((
    SELECT json_agg(coalesce(x.name, '') ORDER BY x.i)
    FROM unnest(p.proargnames,
        coalesce(p.proargmodes, array_fill('i'::"char", ARRAY[p.pronargs::int])))
      WITH ORDINALITY AS x(name, mode, i)
    WHERE x.mode IN ('i', 'b', 'v')), '[]'::json),
  'defaults', coalesce((
    SELECT json_agg(pg_get_function_arg_default(p.oid, i) ORDER BY i)
    FROM generate_series(1, coalesce(array_length(p.proargmodes, 1), p.pronargs)) AS i
    WHERE pg_get_function_arg_default(p.oid, i) IS NOT NULL), '[]'::json),
  'resultOid', p.prorettype::int8,
  'kind', CASE p.prokind WHEN 'f' THEN 'function' WHEN 'p' THEN 'procedure'
    WHEN 'a' THEN 'aggregate' WHEN 'w' THEN 'window' END,
  'volatility', CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable'
    ELSE 'volatile' END,
  'isStrict', p.proisstrict, 'returnsSet', p.proretset, 'isLeakproof', p.proleakproof,
  'variadicOid', p.provariadic::int8, 'aggregateKind', a.aggkind,
  'directArguments', coalesce(a.aggnumdirectargs, 0),
  'isEngineOnly', p.oid >= 16384 AND (l.lanname = 'plpgsql' OR p.prokind = 'a'))::text AS entry
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_language l ON l.oid = p.prolang
LEFT JOIN pg_aggregate a ON a.aggfnoid = p.oid
ORDER BY p.oid`;

const OPERATORS = `
SELECT json_build_object(
  'oid', oid::int8, 'name', oprname, 'leftOid', oprleft::int8, 'rightOid', oprright::int8,
  'resultOid', oprresult::int8, 'functionOid', oprcode::oid::int8,
  'commutatorOid', oprcom::int8, 'negatorOid', oprnegate::int8)::text AS entry
FROM pg_operator ORDER BY oid`;

const TYPES = `
SELECT json_build_object(
  'oid', t.oid::int8, 'schema', n.nspname, 'name', t.typname, 'length', t.typlen,
  'kind', t.typtype, 'category', t.typcategory, 'elementOid', t.typelem::int8,
  'arrayOid', t.typarray::int8,
  'isArray', t.typsubscript = 'array_subscript_handler'::regproc)::text AS entry
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace ORDER BY t.oid`;

const CASTS = `
SELECT json_build_object(
  'sourceOid', castsource::int8, 'targetOid', casttarget::int8, 'functionOid', castfunc::int8,
  'context', castcontext, 'method', castmethod)::text AS entry
FROM pg_cast ORDER BY castsource, casttarget`;

export async function dumpCatalogue(db: PGlite): Promise<CatalogueFile> {
  const { rows } = await db.query<{ version: string }>(
    "SELECT current_setting('server_version') AS version",
  );
  const serverVersion = rows[0]?.version;
  if (serverVersion === undefined) throw new Error("the embedded server names no version");
  return {
    serverVersion,
    functions: await entries<FunctionEntry>(db, FUNCTIONS),
    operators: await entries<OperatorEntry>(db, OPERATORS),
    types: await entries<TypeEntry>(db, TYPES),
    casts: await entries<CastEntry>(db, CASTS),
  };
}

async function entries<Entry>(db: PGlite, sql: string): Promise<readonly Entry[]> {
  const { rows } = await db.query<{ entry: string }>(sql);
  return rows.map((row) => {
    const entry = JSON.parse(row.entry) as Record<string, unknown>;
    // JSON has no undefined; what is absent here is left out.
    return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== null)) as Entry;
  });
}
