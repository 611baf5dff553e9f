/** Words in clients' catalogue queries that must read otherwise here. */

import { rewriteCode } from "./literals.ts";
import { quoteLiteral } from "./settings-sql.ts";

/** psql up to 16 asks for columns that PostgreSQL 17 renamed. Same length: error positions stay. */
const RENAMED: readonly (readonly [string, string])[] = [
  ["daticulocale", "datlocale"],
  ["colliculocale", "colllocale"],
];

/**
 * pg_dump up to 16 takes NULL, which PostgreSQL 17 stores for "no target", for 0. No other client
 * asks for these columns in this order.
 */
const DUMPED_TARGET = /\ba\.attstattarget(?=,\s+a\.attstorage,)/;

/** For analysis and execution alike. */
export function adaptOlderClients(sql: string): string {
  if (sql.includes("attstattarget")) {
    return sql.replace(DUMPED_TARGET, "coalesce(a.attstattarget, -1::int2) AS attstattarget");
  }
  return adaptRenamedColumns(sql);
}

function adaptRenamedColumns(sql: string): string {
  if (!sql.includes("pg_database") && !sql.includes("pg_collation")) return sql;
  if (!RENAMED.some(([old]) => sql.includes(old))) return sql;
  return rewriteCode(sql, (code) =>
    RENAMED.reduce(
      (text, [old, now]) =>
        text.replaceAll(new RegExp(`\\b${old}\\b`, "g"), now.padEnd(old.length)),
      code,
    ),
  );
}

/**
 * For execution: where the path names temporary objects first, which are made nowhere by default.
 */
export function adaptCurrentSchema(sql: string, currentSchema: string | null | undefined): string {
  if (currentSchema === undefined || !/current_schema/i.test(sql)) return sql;
  const value = currentSchema === null ? "NULL" : quoteLiteral(currentSchema);
  const call = /(?<![\w$.]|\bas\s+)(?:pg_catalog\s*\.\s*)?current_schema(?![\w$])(?:\s*\(\s*\))?/gi;
  return rewriteCode(sql, (code) => code.replaceAll(call, `(${value}::pg_catalog.name)`));
}

/**
 * For execution: the embedded server's session user is always its superuser, since a changed
 * session authorization does not come back. Column names are those of the analysis.
 */
export function adaptSessionUser(sql: string, sessionUser: string | undefined): string {
  if (sessionUser === undefined || !/session_user/i.test(sql)) return sql;
  const literal = `(${quoteLiteral(sessionUser)}::pg_catalog.name)`;
  return rewriteCode(sql, (code) =>
    code.replaceAll(/(?<![\w$.]|\bas\s+)session_user(?![\w$])/gi, literal),
  );
}
