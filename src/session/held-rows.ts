/** Rows that the session holds, for the scans "changed" and "conflicts" of a plan. */

import { duckdbType } from "../compile/duckdb-types.ts";
import { quoteName } from "../compile/expression.ts";
import type { PlanColumn } from "../compile/plan.ts";
import type { RowsRelation } from "../engine/request.ts";
import { Oid } from "../types/oids.ts";
import type { SqlValue } from "../types/value.ts";

/** What such a scan is bound to. */
export interface HeldRows {
  /** A parenthesised SELECT of the scan's columns. */
  readonly sql: string;
  readonly rowsRelations: readonly RowsRelation[];
}

/** Few rows, as values of the columns. */
export function heldRows(
  columns: readonly PlanColumn[],
  rows: readonly (readonly SqlValue[])[],
): HeldRows {
  const name = "pgtide_held";
  const relation: RowsRelation = {
    name,
    columns: columns.map(({ name: column, shape }) => ({
      name: column,
      // The same microseconds, as TIMESTAMP of UTC.
      typeOid: shape.typeOid === Oid.timestamptz ? Oid.timestamp : shape.typeOid,
      typmod: shape.typmod,
    })),
    rows,
  };
  const list = columns.map(({ name: column, shape }) => {
    const quoted = quoteName(column);
    return `CAST(${quoted} AS ${duckdbType(shape)}) AS ${quoted}`;
  });
  const sql = `(SELECT ${list.join(", ")} FROM temp.main.${quoteName(name)})`;
  return { sql, rowsRelations: [relation] };
}
