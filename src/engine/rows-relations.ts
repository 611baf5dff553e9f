/** Rows that the session supplies for a statement, as temporary tables of its connection. */

import duckdb from "@duckdb/node-bindings";
import { SqlError } from "../base/errors.ts";
import { duckTypeOf } from "../types/duck-types.ts";
import { elementOidOf, typeNameOf } from "../types/oids.ts";
import { duckdbValue } from "./parameters.ts";
import { quoteName } from "./quoting.ts";
import type { RowsRelation } from "./request.ts";

const FIRST_USER_OID = 16_384;

export async function createRows(
  connection: duckdb.Connection,
  relation: RowsRelation,
): Promise<void> {
  const columns = relation.columns.map(
    ({ name, typeOid, typmod }) => `${quoteName(name)} ${storedType(typeOid, typmod)}`,
  );
  const table = `temp.main.${quoteName(relation.name)}`;
  await duckdb.query(connection, `CREATE TEMP TABLE ${table} (${columns.join(", ")})`);
  const appender = duckdb.appender_create_ext(connection, "temp", "main", relation.name);
  for (const row of relation.rows) {
    relation.columns.forEach(({ typeOid }, i) => {
      duckdb.append_value(appender, duckdbValue(typeOid, row[i] ?? null));
    });
    duckdb.appender_end_row(appender);
  }
  duckdb.appender_close_sync(appender);
}

export async function dropRows(
  connection: duckdb.Connection,
  relation: RowsRelation,
): Promise<void> {
  await duckdb.query(connection, `DROP TABLE IF EXISTS temp.main.${quoteName(relation.name)}`);
}

/** The natural type; types of catalogues that DuckDB lacks, and those made by users, are text. */
function storedType(typeOid: number, typmod: number): string {
  const known = duckTypeOf(typeOid, typmod);
  if (known !== undefined) return known;
  if (typeOid >= FIRST_USER_OID || elementOidOf(typeOid) === undefined) return "VARCHAR";
  throw new SqlError("0A000", `values of type ${typeNameOf(typeOid)} cannot be read here`);
}
