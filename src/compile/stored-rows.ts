/**
 * Rows of a stored table as a change computes them: every column in the representation that the
 * table stores, and the columns that tell its rows apart.
 */

import { unreachable } from "../base/errors.ts";
import { Oid } from "../types/oids.ts";
import { defaultShape, duckdbType, storedShape } from "./duckdb-types.ts";
import { quoteLiteral, quoteName, type Sql } from "./expression.ts";
import type { Relation, RelationColumn as ScopeColumn } from "./generator.ts";
import { literal } from "./literals.ts";
import type { PlanColumn, RelationColumn, RelationInfo } from "./plan.ts";
import { refuse } from "./refusals.ts";
import { convert, toNumericText } from "./representations.ts";

type TypeOf = Pick<RelationColumn, "typeOid" | "typmod">;

/** What a scan with `hasIdentity` gives besides the table's columns, in this order. */
export function identityColumns(kind: RelationInfo["kind"]): readonly PlanColumn[] {
  const row: PlanColumn = { name: "pgtide_row", shape: defaultShape(Oid.int8) };
  switch (kind) {
    case "ordinary":
      return [row];
    case "tstable":
      return [{ name: "pgtide_file", shape: defaultShape(Oid.text) }, row];
    case "store":
      return refuse("a change of this relation");
    default:
      return unreachable(kind);
  }
}

/** `sql`, of the column's type, as the column stores it. */
export function toStored(sql: Sql, column: TypeOf): Sql {
  const shape = storedShape(column.typeOid, column.typmod);
  const from = sql.shape.representation;
  if (sql.constant === null) return literalNull(column);
  if (shape.representation.kind === "decimal" && from.kind === "numeric-text") {
    // The digits have been fitted already; only NaN passes numeric(p,s) and has no DECIMAL.
    const refusal = "PG:0A000:NaN is not supported in a numeric column with a precision";
    const text =
      `CAST(CASE WHEN ${sql.text} = 'NaN' THEN error(${quoteLiteral(refusal)})` +
      ` ELSE ${sql.text} END AS ${duckdbType(shape)})`;
    return { ...sql, text, shape };
  }
  if (from.kind === "array" && shape.representation.kind === "array") {
    if (from.dimensions > 1) refuse("an array of several dimensions in a column");
  }
  return convert(sql, shape);
}

export function literalNull(column: TypeOf): Sql {
  const shape = storedShape(column.typeOid, column.typmod);
  const { text: _, ...rest } = literal(null, column.typeOid, column.typmod);
  return { ...rest, text: `CAST(NULL AS ${duckdbType(shape)})`, shape };
}

/** `sql` in one column: a display scale beside the value goes into it. */
export function inOneColumn(sql: Sql): Sql {
  if (sql.fields !== undefined || sql.shape.representation.kind === "row") {
    return refuse("a whole row in a change");
  }
  return sql.shape.representation.kind === "decimal-scaled" ? toNumericText(sql) : sql;
}

/** Columns of a table that stand, in its stored representation, in `alias` from `cFirst` on. */
export function heldRelation(
  alias: string,
  columns: readonly RelationColumn[],
  nameOf: (columnNumber: number) => string | undefined,
): Relation {
  const column = (attribute: number): ScopeColumn | undefined => {
    const stored = columns.find((each) => each.number === attribute);
    const name = stored && nameOf(stored.number);
    if (stored === undefined || name === undefined) return undefined;
    return { name: stored.name, sql: heldColumn(alias, name, stored), sources: [] };
  };
  const all = () => columns.map((each) => column(each.number)).filter((each) => each !== undefined);
  return { column, columns: all };
}

function heldColumn(alias: string, name: string, stored: RelationColumn): Sql {
  return {
    text: `${alias}.${quoteName(name)}`,
    shape: storedShape(stored.typeOid, stored.typmod),
    isConstant: false,
    mayBeNull: true,
  };
}
