/** Values of one type as those of another that holds all of them. */

import { SqlError } from "../../../base/errors.ts";
import { boundType, type TypedColumn } from "../../../engine/bound-types.ts";
import { numericModifier } from "../../../types/numeric.ts";
import { elementOidOf, Oid } from "../../../types/oids.ts";
import type { SqlArray, SqlValue } from "../../../types/value.ts";
import { FREE_TYPES, TEXT_TYPES } from "../text-types.ts";

export type Widen = (value: Exclude<SqlValue, null>) => SqlValue;
/** The type's input function. */
export type TextReader = (text: string, typeOid: number) => SqlValue;

/** Pairs of types whose values are the same; times without a zone are UTC's, as for segments. */
const SAME: ReadonlyMap<number, number> = new Map([
  [Oid.text, Oid.varchar],
  [Oid.timestamp, Oid.timestamptz],
]);

/** Cells are the same bytes. */
export function isSame(from: TypedColumn, to: TypedColumn): boolean {
  if (from.typeOid !== to.typeOid && SAME.get(from.typeOid) !== to.typeOid) return false;
  return (to.typmod === -1 || to.typmod === from.typmod) && boundType(from) === boundType(to);
}

const INTEGER_BITS: ReadonlyMap<number, number> = new Map([
  [Oid.int2, 16],
  [Oid.int4, 32],
  [Oid.int8, 64],
]);
/** Integers of so many bits are exact in the type. */
const EXACT_BITS: ReadonlyMap<number, number> = new Map([
  ...INTEGER_BITS,
  [Oid.float4, 16],
  [Oid.float8, 32],
]);

/** undefined: something might be lost. A modifier of `to` is still to be applied. */
export function widening(
  from: TypedColumn,
  to: TypedColumn,
  readText: TextReader,
): Widen | undefined {
  const bits = INTEGER_BITS.get(from.typeOid);
  if (to.typeOid === Oid.numeric) {
    const scale = numericModifier(to.typmod)?.scale;
    const least = numericModifier(from.typmod)?.scale ?? 0;
    const isNumber = bits !== undefined || from.typeOid === Oid.numeric;
    if (isNumber) return scale === undefined || scale >= least ? String : undefined;
  } else if (from.typeOid === Oid.int4 && to.typeOid === Oid.int2) {
    return smallint;
  } else if (bits !== undefined) {
    if (bits > (EXACT_BITS.get(to.typeOid) ?? 0)) return undefined;
    return to.typeOid === Oid.int8 ? (value) => BigInt(value as number) : Number;
  }
  if (from.typeOid === Oid.text) {
    const isFree = to.typmod === -1 && FREE_TYPES.includes(to.typeOid);
    if (!isFree && !TEXT_TYPES.includes(to.typeOid)) return undefined;
    return (value) => readText(value as string, to.typeOid);
  }
  if (from.typeOid === Oid.float4 && to.typeOid === Oid.float8) return (value) => value;
  return elements(from, to, readText) ?? (from.typeOid === to.typeOid ? coarser(to) : undefined);
}

/** Parquet files that we write have no narrower integers. @throws SqlError 22003 */
function smallint(value: Exclude<SqlValue, null>): SqlValue {
  const number = value as number;
  if (number >= 2 ** 15 || number < -(2 ** 15)) {
    throw new SqlError("22003", "smallint out of range");
  }
  return number;
}

/** Times keep all that they have under no modifier alone. */
function coarser({ typmod }: TypedColumn): Widen | undefined {
  return typmod === -1 ? (value) => value : undefined;
}

function elements(from: TypedColumn, to: TypedColumn, readText: TextReader): Widen | undefined {
  const inner = elementOidOf(from.typeOid);
  const outer = elementOidOf(to.typeOid);
  if (inner === undefined || outer === undefined) return undefined;
  const target = { ...to, typeOid: outer };
  const source = { ...from, typeOid: inner };
  const isInstant = source.typeOid === Oid.timestamp && outer === Oid.timestamptz;
  const widen =
    isInstant || isSame(source, target)
      ? (value: Exclude<SqlValue, null>) => value
      : widening(source, target, readText);
  if (widen === undefined) return undefined;
  return (value) => {
    const array = value as SqlArray;
    return { ...array, elements: array.elements.map((one) => (one === null ? null : widen(one))) };
  };
}
