/**
 * PostgreSQL's casts between numbers over values in memory, by the OID of the cast's function:
 * those that stand between a parameter and a column of another type.
 */

import { SqlError } from "../base/errors.ts";
import type { SqlValue } from "./value.ts";

type Present = Exclude<SqlValue, null>;
type Cast = (value: Present) => Present;

const NAMES = { 16: "smallint", 32: "integer", 64: "bigint" } as const;

function fits(value: bigint, bits: 16 | 32 | 64): bigint {
  if (BigInt.asIntN(bits, value) !== value) {
    throw new SqlError("22003", `${NAMES[bits]} out of range`);
  }
  return value;
}

const same: Cast = (value) => value;
const toInt8: Cast = (value) => BigInt(value as number);
const toFloat8: Cast = (value) => Number(value);
const toNumeric: Cast = (value) => String(value);

function toInteger(bits: 16 | 32): Cast {
  return (value) => Number(fits(BigInt(value as number | bigint), bits));
}

/** float4 and float8: half to even. */
function roundedFloat(bits: 16 | 32 | 64): Cast {
  return (value) => {
    const rounded = halfEven(value as number);
    if (!Number.isFinite(rounded)) throw new SqlError("22003", `${NAMES[bits]} out of range`);
    const integer = fits(BigInt(rounded), bits);
    return bits === 64 ? integer : Number(integer);
  };
}

function halfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** numeric: half away from zero. */
function roundedNumeric(bits: 16 | 32 | 64): Cast {
  return (value) => {
    const text = value as string;
    if (text === "NaN" || text.endsWith("Infinity")) {
      const what = text === "NaN" ? "NaN" : "infinity";
      throw new SqlError("0A000", `cannot convert ${what} to ${NAMES[bits]}`);
    }
    const [whole = "0", fraction = ""] = text.replace("-", "").split(".");
    const magnitude = BigInt(whole) + (fraction >= "5" ? 1n : 0n);
    const integer = fits(text.startsWith("-") ? -magnitude : magnitude, bits);
    return bits === 64 ? integer : Number(integer);
  };
}

function toFloat4(value: Present): Present {
  const double = Number(value);
  const single = Math.fround(double);
  if (!Number.isFinite(single) && Number.isFinite(double)) {
    throw new SqlError("22003", "value out of range: overflow");
  }
  if (single === 0 && double !== 0) throw new SqlError("22003", "value out of range: underflow");
  return single;
}

/** All strict: NULL stays NULL. @throws SqlError 22003, 0A000 */
export const VALUE_CASTS: ReadonlyMap<number, Cast> = new Map<number, Cast>([
  [313, same], // int4(int2)
  [754, toInt8], // int8(int2)
  [481, toInt8], // int8(int4)
  [314, toInteger(16)], // int2(int4)
  [714, toInteger(16)], // int2(int8)
  [480, toInteger(32)], // int4(int8)
  [1782, toNumeric], // numeric(int2)
  [1740, toNumeric], // numeric(int4)
  [1781, toNumeric], // numeric(int8)
  [1783, roundedNumeric(16)], // int2(numeric)
  [1744, roundedNumeric(32)], // int4(numeric)
  [1779, roundedNumeric(64)], // int8(numeric)
  [235, toFloat8], // float8(int2)
  [316, toFloat8], // float8(int4)
  [482, toFloat8], // float8(int8)
  [236, toFloat4], // float4(int2)
  [318, toFloat4], // float4(int4)
  [311, same], // float8(float4)
  [312, toFloat4], // float4(float8)
  [237, roundedFloat(16)], // int2(float8)
  [317, roundedFloat(32)], // int4(float8)
  [483, roundedFloat(64)], // int8(float8)
  [238, roundedFloat(16)], // int2(float4)
  [319, roundedFloat(32)], // int4(float4)
  [653, roundedFloat(64)], // int8(float4)
]);
