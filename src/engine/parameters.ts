/** SqlValues into DuckDB's values, by PostgreSQL type: nothing is left to inference. */

import duckdb from "@duckdb/node-bindings";
import { AssertionError } from "../base/errors.ts";
import { elementOidOf, Oid } from "../types/oids.ts";
import {
  type Interval,
  NEG_INFINITY,
  POS_INFINITY,
  type SqlArray,
  type SqlValue,
} from "../types/value.ts";

const { Type } = duckdb;

const DATE_INFINITY = 0x7fff_ffff;

/** Every type not named here travels as text; the generated SQL casts it. */
const TYPES: ReadonlyMap<number, duckdb.Type> = new Map<number, duckdb.Type>([
  [Oid.bool, Type.BOOLEAN],
  [Oid.int2, Type.SMALLINT],
  [Oid.int4, Type.INTEGER],
  [Oid.int8, Type.BIGINT],
  [Oid.oid, Type.UINTEGER],
  [Oid.float4, Type.FLOAT],
  [Oid.float8, Type.DOUBLE],
  [Oid.bytea, Type.BLOB],
  [Oid.date, Type.DATE],
  [Oid.time, Type.TIME],
  [Oid.timestamp, Type.TIMESTAMP],
  [Oid.timestamptz, Type.TIMESTAMP_TZ],
  [Oid.interval, Type.INTERVAL],
]);

/** @throws AssertionError when the value is not of the type, which is a fault of the caller. */
export function duckdbValue(typeOid: number, value: SqlValue): duckdb.Value {
  if (value === null) return duckdb.create_null_value();
  const elementOid = elementOidOf(typeOid);
  if (elementOid !== undefined) return listValue(elementOid, value as SqlArray);
  try {
    return scalarValue(typeOid, value);
  } catch (cause) {
    const error = new AssertionError(`a ${typeof value} is no value of type ${typeOid}`);
    error.cause = cause;
    throw error;
  }
}

function scalarValue(typeOid: number, value: SqlValue): duckdb.Value {
  switch (TYPES.get(typeOid)) {
    case Type.BOOLEAN:
      return duckdb.create_bool(value as boolean);
    case Type.SMALLINT:
      return duckdb.create_int16(value as number);
    case Type.INTEGER:
      return duckdb.create_int32(value as number);
    case Type.BIGINT:
      return duckdb.create_int64(value as bigint);
    case Type.UINTEGER:
      return duckdb.create_uint32(value as number);
    case Type.FLOAT:
      return duckdb.create_float(value as number);
    case Type.DOUBLE:
      return duckdb.create_double(value as number);
    case Type.BLOB:
      return duckdb.create_blob(value as Uint8Array);
    case Type.DATE:
      return duckdb.create_date({ days: duckdbDays(value as number) });
    case Type.TIME:
      return duckdb.create_time({ micros: value as bigint });
    case Type.TIMESTAMP:
      return duckdb.create_timestamp({ micros: duckdbMicros(value as bigint) });
    case Type.TIMESTAMP_TZ:
      return duckdb.create_timestamp_tz({ micros: duckdbMicros(value as bigint) });
    case Type.INTERVAL: {
      const { months, days, micros } = value as Interval;
      return duckdb.create_interval({ months, days, micros });
    }
    default:
      return duckdb.create_varchar(value as string);
  }
}

function duckdbDays(days: number): number {
  if (Number.isFinite(days)) return days;
  return days > 0 ? DATE_INFINITY : -DATE_INFINITY;
}

function duckdbMicros(micros: bigint): bigint {
  return micros === NEG_INFINITY ? -POS_INFINITY : micros;
}

/** Row-major elements become lists of lists, as DuckDB nests. */
function listValue(elementOid: number, array: SqlArray): duckdb.Value {
  const element = duckdb.create_logical_type(TYPES.get(elementOid) ?? Type.VARCHAR);
  let values = array.elements.map((value) => duckdbValue(elementOid, value));
  const lengths = array.dimensions.map(({ length }) => length);
  if (lengths.length === 0) return duckdb.create_list_value(element, []);
  let type = element;
  for (const length of lengths.toReversed()) {
    const lists: duckdb.Value[] = [];
    for (let at = 0; at < values.length; at += length) {
      lists.push(duckdb.create_list_value(type, values.slice(at, at + length)));
    }
    values = lists;
    type = duckdb.create_list_type(type);
  }
  return values[0] as duckdb.Value;
}
