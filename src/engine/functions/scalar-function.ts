/**
 * What a JavaScript function inside DuckDB is, before it is registered: one row of a chapter's
 * list. They carry PostgreSQL's meaning where DuckDB's own function is missing or differs.
 */

import type { DuckDBType, DuckDBValue } from "@duckdb/node-api";

export interface ScalarFunction {
  readonly name: string;
  readonly parameters: readonly DuckDBType[];
  readonly returns: DuckDBType;
  /** Called with null for NULL; otherwise NULL in any argument gives NULL without a call. */
  readonly takesNull?: true;
  /** Gets DuckDB's values of `parameters` in order, gives one of `returns`. */
  readonly run: (...args: never[]) => DuckDBValue;
}

/** The one convention for errors out of DuckDB, as failures.ts reads it. */
export function pgError(sqlState: string, message: string, detail?: string, hint?: string): Error {
  const more = hint === undefined ? [detail] : [detail ?? "", hint];
  return new Error(
    [`PG:${sqlState}:${message}`, ...more.filter((one) => one !== undefined)].join("\u001e"),
  );
}

/** Remembers what `make` gave for the last texts: literal arguments come again in every row. */
export function cached<Value>(make: (text: string) => Value, max = 64): (text: string) => Value {
  const values = new Map<string, Value>();
  return (text) => {
    let value = values.get(text);
    if (value === undefined) {
      value = make(text);
      if (values.size >= max) values.clear();
      values.set(text, value);
    }
    return value;
  };
}
