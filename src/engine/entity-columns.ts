/** Entity values of a sorted result: told from the row before without making a value of each. */

import type duckdb from "@duckdb/node-bindings";
import type { EntityValue } from "../table/segment-files.ts";
import { readData, Strings } from "./chunks.ts";

export interface EntityColumn {
  /** Whether the row, not the first, has the value of the row before it. */
  isAsBefore(row: number): boolean;
  value(row: number): EntityValue;
}

/** No value may be NULL. */
export function entityColumn(
  type: EntityValue["type"],
  vector: duckdb.Vector,
  rows: number,
): EntityColumn {
  if (type === "utf8") {
    const strings = new Strings(vector, rows, undefined);
    return {
      isAsBefore: (row) => strings.isEqual(row - 1, row),
      value: (row) => ({ type, value: strings.text(row) }),
    };
  }
  const { buffer, byteOffset } = readData(vector, rows, type === "int32" ? 4 : 8);
  if (type === "int32") {
    const data = new Int32Array(buffer, byteOffset, rows);
    return {
      isAsBefore: (row) => data[row - 1] === data[row],
      value: (row) => ({ type, value: data[row] as number }),
    };
  }
  const data =
    type === "int64"
      ? new BigInt64Array(buffer, byteOffset, rows)
      : new BigUint64Array(buffer, byteOffset, rows);
  return {
    isAsBefore: (row) => data[row - 1] === data[row],
    value: (row) => ({ type, value: data[row] as bigint }),
  };
}
