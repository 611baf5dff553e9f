/** Columns of a Parquet file as DuckDB gives them to us: each in the type that holds all of it. */

import type { TypedColumn } from "../../../engine/bound-types.ts";
import type { FileColumnType } from "../../../table/parquet-schema.ts";
import { arrayOidOf, Oid } from "../../../types/oids.ts";

export interface NaturalColumn extends TypedColumn {
  /** The column, whose quoted name is given, in the bound type. */
  readonly sql: (name: string) => string;
}

/** undefined: no type of PostgreSQL holds all that the file's can. */
export function naturalColumn(type: FileColumnType): NaturalColumn | undefined {
  switch (type.kind) {
    case "null":
      return { typeOid: Oid.text, typmod: -1, sql: () => "CAST(NULL AS VARCHAR)" };
    case "bool":
      return plain(Oid.bool, "BOOLEAN");
    case "float32":
      return plain(Oid.float4, "FLOAT");
    case "float64":
      return plain(Oid.float8, "DOUBLE");
    case "utf8":
      return plain(Oid.text, "VARCHAR");
    case "binary":
    case "fixed":
      return plain(Oid.bytea, "BLOB");
    case "uuid":
      return plain(Oid.uuid, "UUID");
    case "date":
      return plain(Oid.date, "DATE");
    case "int":
      return integer(type.isSigned ? type.bits : type.bits * 2);
    case "decimal":
      return decimal(type.precision, type.scale);
    case "time":
      return type.unit === "ns" ? undefined : plain(Oid.time, "TIME");
    case "timestamp":
      return type.unit === "ns" ? undefined : timestamp(type.isUtc);
    case "list":
      return list(type.element.type);
    default:
      return undefined;
  }
}

function plain(typeOid: number, duckType: string): NaturalColumn {
  return { typeOid, typmod: -1, sql: (name) => `CAST(${name} AS ${duckType})` };
}

function integer(bits: number): NaturalColumn {
  if (bits <= 16) return plain(Oid.int2, "SMALLINT");
  if (bits <= 32) return plain(Oid.int4, "INTEGER");
  return bits <= 64 ? plain(Oid.int8, "BIGINT") : plain(Oid.numeric, "VARCHAR");
}

function decimal(precision: number, scale: number): NaturalColumn | undefined {
  if (precision > 38 || scale < 0) return undefined;
  const typmod = precision * 65_536 + scale + 4;
  const sql = (name: string) => `CAST(${name} AS DECIMAL(${precision},${scale}))`;
  return { typeOid: Oid.numeric, typmod, sql };
}

function timestamp(isUtc: boolean): NaturalColumn {
  if (!isUtc) return plain(Oid.timestamp, "TIMESTAMP");
  const sql = (name: string) => `timezone('UTC', CAST(${name} AS TIMESTAMPTZ))`;
  return { typeOid: Oid.timestamptz, typmod: -1, sql };
}

function list(type: FileColumnType): NaturalColumn | undefined {
  const element = naturalColumn(type);
  const typeOid = element && arrayOidOf(element.typeOid);
  if (element === undefined || typeOid === undefined) return undefined;
  // Elements of timestamptz stay what they are.
  const inner = element.typeOid === Oid.timestamptz ? "x" : element.sql("x");
  const sql = (name: string) => `list_transform(${name}, lambda x: ${inner})`;
  return { typeOid, typmod: element.typmod, sql };
}
