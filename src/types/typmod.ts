/** What a modifier does to a value on its way into a column: PostgreSQL input functions. */

import { SqlError } from "../base/errors.ts";
import { fitInterval } from "./interval-typmod.ts";
import { fitNumeric } from "./numeric-fit.ts";
import { elementOidOf, Oid } from "./oids.ts";
import { fitCharacters } from "./scalars.ts";
import {
  type Interval,
  NEG_INFINITY,
  POS_INFINITY,
  type SqlArray,
  type SqlValue,
} from "./value.ts";

/** @throws SqlError 22001, 22003, 22008 */
export function applyTypmod(value: SqlValue, typeOid: number, typmod: number): SqlValue {
  if (value === null || typmod < 0) return value;
  const element = elementOidOf(typeOid);
  if (element !== undefined) {
    const array = value as SqlArray;
    const elements = array.elements.map((one) => applyTypmod(one, element, typmod));
    return { ...array, elements };
  }
  switch (typeOid) {
    case Oid.varchar:
      return fitCharacters(value as string, typmod, false);
    case Oid.bpchar:
      return fitCharacters(value as string, typmod, true);
    case Oid.numeric:
      return fitNumeric(value as string, typmod);
    case Oid.time:
      return roundMicros(value as bigint, typmod);
    case Oid.timestamp:
    case Oid.timestamptz:
      return roundTimestamp(value as bigint, typmod);
    case Oid.interval:
      return fitInterval(value as Interval, typmod);
    default:
      return value;
  }
}

const DIGITS_MAX = 6;

function roundTimestamp(micros: bigint, digits: number): bigint {
  if (micros === POS_INFINITY || micros === NEG_INFINITY) return micros;
  const rounded = roundMicros(micros, digits, MICROS_TO_2000);
  if (rounded >= POS_INFINITY) throw new SqlError("22008", "timestamp out of range");
  return rounded;
}

/** From where PostgreSQL counts timestamps: ties are rounded away from it. */
const MICROS_TO_2000 = 946_684_800n * 1_000_000n;

/** To a number of decimal places of a second, half away from zero as PostgreSQL counts. */
function roundMicros(micros: bigint, digits: number, origin = 0n): bigint {
  if (digits >= DIGITS_MAX) return micros;
  const unit = 10n ** BigInt(DIGITS_MAX - digits);
  const counted = micros - origin;
  const size = counted < 0n ? -counted : counted;
  const rounded = ((size + unit / 2n) / unit) * unit;
  return (counted < 0n ? -rounded : rounded) + origin;
}
