/** How a column of a generated DuckDB query stands for a value of a PostgreSQL type. */

/**
 * plain: the DuckDB type that naturally belongs to the PostgreSQL type (architecture 4's table).
 * utc: a timestamptz carried as DuckDB TIMESTAMP holding UTC microseconds (what our Parquet files
 * hold).
 * decimal: numeric as DECIMAL(precision, scale); the scale is the value's display scale.
 * decimal-scaled: the same, but the display scale of each row stands in another column (0-based
 * index
 *   into the query's columns; -1 while it is still an expression), an INTEGER; `scale` is the
 * DECIMAL's.
 * numeric-text: numeric as VARCHAR with PostgreSQL's exact digits.
 * array: LIST (nested for more dimensions) of `element`.
 * row: a record, as STRUCT with fields in order.
 */
export type Representation =
  | { readonly kind: "plain" }
  | { readonly kind: "utc" }
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  | {
      readonly kind: "decimal-scaled";
      readonly precision: number;
      readonly scale: number;
      readonly scaleColumn: number;
    }
  | { readonly kind: "numeric-text" }
  | { readonly kind: "array"; readonly dimensions: number; readonly element: Shape }
  | { readonly kind: "row"; readonly fields: readonly Shape[] };

export interface Shape {
  readonly typeOid: number;
  /** PostgreSQL's atttypmod; -1 when there is none. */
  readonly typmod: number;
  readonly representation: Representation;
}

/** Settings of the session that change how values look as text. */
export interface TextSettings {
  /**
   * An IANA name that both Node and DuckDB know, or a fixed offset in seconds east of Greenwich.
   */
  readonly timeZone: string | number;
  readonly dateStyle: {
    readonly format: "ISO" | "SQL" | "Postgres" | "German";
    readonly order: "MDY" | "DMY" | "YMD";
  };
  readonly intervalStyle: "postgres" | "postgres_verbose" | "sql_standard" | "iso_8601";
  readonly extraFloatDigits: number;
  readonly byteaOutput: "hex" | "escape";
}
