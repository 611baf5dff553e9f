/** DuckDB's dates and timestamps as SqlValues: their infinities and limits differ. */

import { SqlError } from "../base/errors.ts";
import { DATE_MIN, MICROS_PER_DAY } from "../types/calendar.ts";
import { NEG_INFINITY, POS_INFINITY } from "../types/value.ts";

export const DATE_INFINITY = 0x7fff_ffff;
/** DuckDB's minus infinity; its plus infinity is PostgreSQL's. */
const DUCKDB_NEG_INFINITY = -POS_INFINITY;
/** 4713-11-24 BC, the first moment PostgreSQL can write. */
const MICROS_MIN = BigInt(DATE_MIN) * BigInt(MICROS_PER_DAY);

/** DuckDB's days as SqlValue's. @throws SqlError 22008 before PostgreSQL's first day. */
export function daysOf(days: number): number {
  if (days === DATE_INFINITY) return Infinity;
  if (days === -DATE_INFINITY) return -Infinity;
  if (days < DATE_MIN) throw new SqlError("22008", "date out of range");
  return days;
}

/** DuckDB's microseconds as SqlValue's. @throws SqlError 22008 before PostgreSQL's first moment. */
export function microsOf(micros: bigint): bigint {
  if (micros === DUCKDB_NEG_INFINITY) return NEG_INFINITY;
  if (micros < MICROS_MIN) throw new SqlError("22008", "timestamp out of range");
  return micros;
}
