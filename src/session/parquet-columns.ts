/** Columns of a Parquet file as columns of a table: LIKE PARQUET. */

import { SqlError } from "../base/errors.ts";
import { quoteIdentifier } from "../compile/tokens.ts";
import type { TimeUnit } from "../table/format.ts";
import type { FileColumn, FileColumnType } from "../table/parquet-schema.ts";

/** `("ts" timestamptz, ...)`. @throws SqlError 0A000 for a column no table can hold */
export function columnList(columns: readonly FileColumn[]): string {
  if (columns.length === 0) throw new SqlError("42P16", "the file has no columns");
  const items = columns.map(({ name, type }) => {
    const text = typeTextOf(type);
    if (text === undefined) {
      throw new SqlError("0A000", `column "${name}" has a type that is not supported yet`, {
        hint: "Write the columns out in CREATE TSTABLE and leave it out of the file.",
      });
    }
    return `${quoteIdentifier(name)} ${text}`;
  });
  return `(${items.join(", ")})`;
}

const UNITS = { ms: "Millis", us: "Micros", ns: "Nanos" } as const;

/** The units of a file's timestamps: a table of the same units takes such files as they are. */
export function timeUnits(columns: readonly FileColumn[]): ReadonlyMap<string, TimeUnit> {
  return new Map(
    columns.flatMap(({ name, type }) =>
      type.kind === "timestamp" ? [[name, UNITS[type.unit]] as const] : [],
    ),
  );
}

const SIMPLE: Readonly<Partial<Record<FileColumnType["kind"], string>>> = {
  bool: "boolean",
  float32: "real",
  float64: "double precision",
  utf8: "text",
  uuid: "uuid",
  binary: "bytea",
  fixed: "bytea",
  date: "date",
  time: "time",
};

function typeTextOf(type: FileColumnType): string | undefined {
  switch (type.kind) {
    case "int":
      return integerText(type.bits, type.isSigned);
    case "decimal":
      return type.precision <= 38 ? `numeric(${type.precision},${type.scale})` : undefined;
    case "timestamp":
      return type.isUtc ? "timestamptz" : "timestamp";
    case "list": {
      const element = typeTextOf(type.element.type);
      return element === undefined || element.endsWith("[]") ? undefined : `${element}[]`;
    }
    default:
      return SIMPLE[type.kind];
  }
}

/** Unsigned numbers take the next wider type; for 64 bits there is none. */
function integerText(bits: 8 | 16 | 32 | 64, isSigned: boolean): string | undefined {
  if (!isSigned && bits === 64) return undefined;
  const width = isSigned ? bits : bits * 2;
  if (width <= 16) return "smallint";
  return width === 32 ? "integer" : "bigint";
}
