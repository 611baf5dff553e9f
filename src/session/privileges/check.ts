/** Puts needs to the embedded PostgreSQL, which knows every right, and refuses in its words. */

import { SqlError } from "../../base/errors.ts";
import type { Execution } from "../execution.ts";
import { askRows } from "./ask.ts";
import type { Need } from "./needs.ts";

/** A relation's schema must be usable as well, where no analysis has looked at it. */
export type Question = Need & { readonly isNamed?: true };

/** The first need that is not met: the relation's name and kind, or the schema's name. */
const UNMET = `
  SELECT coalesce(c.relname, q.relid::text), coalesce(c.relkind, 'r'), q.allowed, n.nspname
  FROM (
    SELECT q.*, r.oid AS who,
      CASE WHEN c.relkind = 'S' THEN has_sequence_privilege(r.oid, c.oid, q.privileges)
      ELSE has_table_privilege(r.oid, q.relid, q.privileges)
        OR (q.columns IS NOT NULL AND CASE WHEN cardinality(q.columns) = 0
          THEN has_any_column_privilege(r.oid, q.relid, q.privileges)
          ELSE (SELECT bool_and(CASE WHEN col = 0
            THEN (SELECT bool_and(has_column_privilege(r.oid, q.relid, a.attnum, q.privileges))
              FROM pg_attribute a
              WHERE a.attrelid = q.relid AND a.attnum > 0 AND NOT a.attisdropped)
            ELSE has_column_privilege(r.oid, q.relid, col::int2, q.privileges) END)
            FROM unnest(q.columns) AS col) END) END AS allowed,
      NOT q.named OR has_schema_privilege(r.oid, c.relnamespace, 'USAGE') AS usable
    FROM jsonb_to_recordset($1::jsonb)
      AS q(at int4, relid oid, role oid, privileges text, columns int4[], named bool)
    LEFT JOIN pg_class c ON c.oid = q.relid
    LEFT JOIN pg_authid r ON r.oid = q.role
  ) AS q
  LEFT JOIN pg_class c ON c.oid = q.relid LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE q.allowed IS NOT TRUE OR q.usable IS NOT TRUE
  ORDER BY q.usable IS TRUE, q.at LIMIT 1`;

/** @throws SqlError 42501 */
export async function requireRights(
  questions: readonly Question[],
  { services, settings }: Pick<Execution, "services" | "settings">,
): Promise<void> {
  if (questions.length === 0) return;
  const records = questions.map((one, at) => ({
    at,
    relid: one.relationOid,
    role: one.roleOid === 0 ? settings.currentRoleOid : one.roleOid,
    privileges: one.privileges,
    columns: one.columns ?? null,
    named: one.isNamed === true,
  }));
  const [unmet] = await askRows(services.shadow, UNMET, [JSON.stringify(records)], SERVER);
  if (unmet === undefined) return;
  const [name, kind, isAllowed, schema] = unmet;
  const what =
    isAllowed === "t" ? `schema ${schema}` : `${KINDS[kind ?? ""] ?? "table"} ${name ?? ""}`;
  throw new SqlError("42501", `permission denied for ${what}`);
}

/** Whether the current role has the right. */
export async function hasRight(
  question: Question,
  judge: Pick<Execution, "services" | "settings">,
): Promise<boolean> {
  try {
    await requireRights([question], judge);
    return true;
  } catch (cause) {
    if (cause instanceof SqlError && cause.fields.sqlState === "42501") return false;
    throw cause;
  }
}

/** What may ask about everybody, and finds no names but the catalogue's. */
const SERVER = { role: "postgres", searchPath: "pg_catalog", settings: {} };

/** By relkind; else a table. */
const KINDS: Readonly<Record<string, string>> = {
  v: "view",
  m: "materialized view",
  f: "foreign table",
  S: "sequence",
};
