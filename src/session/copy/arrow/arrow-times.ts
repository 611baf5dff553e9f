/**
 * Dates and times of Arrow's columns, whatever their unit, in PostgreSQL's days and microseconds.
 */

import { type Data, DataType, DateUnit, TimeUnit } from "apache-arrow";
import { SqlError } from "../../../base/errors.ts";
import { DATE_MAX, DATE_MIN } from "../../../types/calendar.ts";
import { Oid } from "../../../types/oids.ts";
import { NEG_INFINITY, POS_INFINITY } from "../../../types/value.ts";
import { type Conversion, valuesOf } from "./arrow-data.ts";

const DAY = 86_400_000_000n;
const TIMESTAMP_MIN = BigInt(DATE_MIN) * DAY;
/** What infinite dates are in columns that we write. */
const DATE_INFINITY = 2 ** 31 - 1;

export function timeConversion(type: DataType, typeOid: number): Conversion | undefined {
  if (DataType.isTimestamp(type)) {
    const isZoned = (type.timezone ?? "") !== "";
    const expected = isZoned ? Oid.timestamptz : Oid.timestamp;
    return typeOid === expected ? (data) => timestamps(data, type.unit) : undefined;
  }
  if (DataType.isDate(type)) {
    return typeOid === Oid.date && type.unit === DateUnit.DAY ? dates : undefined;
  }
  if (DataType.isTime(type) && typeOid === Oid.time) return (data) => times(data, type.unit);
  return undefined;
}

/** @throws SqlError 22008 */
export function wholeMicros(nanos: bigint): bigint {
  if (nanos % 1000n === 0n) return nanos / 1000n;
  throw new SqlError("22008", "a value has fractions of a microsecond", {
    hint: "Round it to microseconds first.",
  });
}

function micros(value: bigint, unit: TimeUnit): bigint {
  switch (unit) {
    case TimeUnit.SECOND:
      return value * 1_000_000n;
    case TimeUnit.MILLISECOND:
      return value * 1000n;
    case TimeUnit.MICROSECOND:
      return value;
    case TimeUnit.NANOSECOND:
      return wholeMicros(value);
  }
}

function timestamps(data: Data, unit: TimeUnit): (row: number) => bigint {
  const values = valuesOf<BigInt64Array>(data);
  const hasInfinity = unit === TimeUnit.MICROSECOND;
  return (row) => {
    const value = micros(values[row] as bigint, unit);
    if (hasInfinity && value === POS_INFINITY) return value;
    if (hasInfinity && value <= -POS_INFINITY) return NEG_INFINITY;
    if (value < TIMESTAMP_MIN || value >= POS_INFINITY) {
      throw new SqlError("22008", "timestamp out of range");
    }
    return value;
  };
}

function dates(data: Data): (row: number) => number {
  const values = valuesOf<Int32Array>(data);
  return (row) => {
    const days = values[row] as number;
    if (days === DATE_INFINITY) return Infinity;
    if (days <= -DATE_INFINITY) return -Infinity;
    if (days < DATE_MIN || days > DATE_MAX) throw new SqlError("22008", "date out of range");
    return days;
  };
}

function times(data: Data, unit: TimeUnit): (row: number) => bigint {
  const values = valuesOf<ArrayLike<number | bigint>>(data);
  return (row) => {
    const value = micros(BigInt(values[row] as number | bigint), unit);
    if (value < 0n || value > DAY) throw new SqlError("22008", "time out of range");
    return value;
  };
}
