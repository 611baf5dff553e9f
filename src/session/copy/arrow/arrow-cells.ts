/** Cells of Arrow's columns as values of PostgreSQL's types, where no value can lose anything. */

import {
  type Data,
  DataType,
  type Decimal,
  type FixedSizeList,
  type Int,
  IntervalUnit,
  Precision,
} from "apache-arrow";
import type { TypedColumn } from "../../../engine/bound-types.ts";
import { numericModifier } from "../../../types/numeric.ts";
import { elementOidOf, Oid } from "../../../types/oids.ts";
import type { SqlValue } from "../../../types/value.ts";
import { bytesReader, type TextReader, textConversion, uuidOf } from "./arrow-bytes.ts";
import { type Conversion, type ValueAt, valuesOf } from "./arrow-data.ts";
import { malformed } from "./arrow-messages.ts";
import { timeConversion, wholeMicros } from "./arrow-times.ts";

/** undefined: values of the type may not fit the column's. */
export function conversionOf(
  type: DataType,
  column: TypedColumn,
  readText: TextReader,
): Conversion | undefined {
  const { typeOid } = column;
  if (DataType.isDictionary(type)) {
    const inner = conversionOf(type.dictionary, column, readText);
    return inner && ((data) => dictionaryValues(data, inner));
  }
  if (DataType.isNull(type)) return () => () => null;
  if (DataType.isBool(type)) return typeOid === Oid.bool ? boolValues : undefined;
  if (DataType.isInt(type)) return intConversion(type, column);
  if (DataType.isFloat(type)) return floatConversion(type.precision, typeOid);
  if (DataType.isDecimal(type)) return decimalConversion(type, column);
  const element = elementOidOf(typeOid);
  if (element !== undefined) return listConversion(type, { ...column, typeOid: element }, readText);
  return (
    textConversion(type, column, readText) ??
    binaryConversion(type, typeOid) ??
    timeConversion(type, typeOid) ??
    intervalConversion(type, typeOid)
  );
}

/** The reader with NULLs. */
export function cellsOf(data: Data, conversion: Conversion): ValueAt {
  if (DataType.isNull(data.type)) return () => null;
  const present = conversion(data);
  if (data.nullCount === 0) return present;
  return (index) => (data.getValid(index) ? present(index) : null);
}

function dictionaryValues(data: Data, inner: Conversion): ValueAt {
  const indices = valuesOf<ArrayLike<number | bigint>>(data);
  const readers: ValueAt[] = [];
  const starts: number[] = [];
  let entries = 0;
  for (const part of data.dictionary?.data ?? []) {
    readers.push(cellsOf(part, inner));
    starts.push(entries);
    entries += part.length;
  }
  const known = new Map<number, SqlValue>();
  return (row) => {
    const index = Number(indices[row]);
    const seen = known.get(index);
    if (seen !== undefined) return seen;
    if (!(index >= 0 && index < entries)) throw malformed("An index is outside its dictionary.");
    const part = starts.findLastIndex((start) => start <= index);
    const value = (readers[part] as ValueAt)(index - (starts[part] as number));
    known.set(index, value);
    return value;
  };
}

function boolValues(data: Data): ValueAt {
  const bits = data.values as Uint8Array;
  if (bits.length * 8 < data.offset + data.length) {
    throw malformed("A column has fewer values than its record batch has rows.");
  }
  return (row) => {
    const at = data.offset + row;
    return ((bits[at >> 3] as number) & (1 << (at & 7))) !== 0;
  };
}

/** Bits of a signed integer that hold all values of a type exactly. */
const EXACT_BITS: ReadonlyMap<number, number> = new Map([
  [Oid.int2, 16],
  [Oid.int4, 32],
  [Oid.int8, 64],
  [Oid.float4, 25],
  [Oid.float8, 54],
]);

function intConversion(type: Int, { typeOid, typmod }: TypedColumn): Conversion | undefined {
  const values = (data: Data) => valuesOf<ArrayLike<number | bigint>>(data);
  const make = (to: (value: number | bigint) => SqlValue): Conversion => {
    return (data) => {
      const cells = values(data);
      return (row) => to(cells[row] as number | bigint);
    };
  };
  if (typeOid === Oid.numeric) {
    const scale = numericModifier(typmod)?.scale ?? 0;
    return scale < 0 ? undefined : make(String);
  }
  if (typeOid === Oid.oid) return !type.isSigned && type.bitWidth <= 32 ? make(Number) : undefined;
  const bits = EXACT_BITS.get(typeOid) ?? 0;
  if (type.bitWidth + (type.isSigned ? 0 : 1) > bits) return undefined;
  return make(typeOid === Oid.int8 ? BigInt : Number);
}

function floatConversion(precision: Precision, typeOid: number): Conversion | undefined {
  const fits =
    (precision === Precision.SINGLE && (typeOid === Oid.float4 || typeOid === Oid.float8)) ||
    (precision === Precision.DOUBLE && typeOid === Oid.float8);
  if (!fits) return undefined;
  return (data) => {
    const values = valuesOf<Float64Array>(data);
    return (row) => values[row] as number;
  };
}

function decimalConversion(
  { scale, bitWidth }: Decimal,
  { typeOid, typmod }: TypedColumn,
): Conversion | undefined {
  const target = numericModifier(typmod);
  if (typeOid !== Oid.numeric || (target !== undefined && target.scale < scale)) return undefined;
  const words = bitWidth / 32;
  return (data) => {
    const values = valuesOf<Uint32Array>(data, words);
    return (row) => {
      let units = 0n;
      for (let i = words - 1; i >= 0; i -= 1) {
        units = (units << 32n) | BigInt((values[row * words + i] as number) >>> 0);
      }
      return decimalText(BigInt.asIntN(bitWidth, units), scale);
    };
  };
}

function decimalText(units: bigint, scale: number): string {
  if (scale <= 0) return String(units * 10n ** BigInt(-scale));
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, "0");
  const split = digits.length - scale;
  return `${units < 0n ? "-" : ""}${digits.slice(0, split)}.${digits.slice(split)}`;
}

function binaryConversion(type: DataType, typeOid: number): Conversion | undefined {
  if (typeOid === Oid.uuid && DataType.isFixedSizeBinary(type) && type.byteWidth === 16) {
    return (data) => {
      const bytes = bytesReader(data);
      return (row) => uuidOf(bytes(row));
    };
  }
  const isBinary =
    DataType.isBinary(type) ||
    DataType.isLargeBinary(type) ||
    DataType.isBinaryView(type) ||
    DataType.isFixedSizeBinary(type);
  if (typeOid !== Oid.bytea || !isBinary) return undefined;
  return (data) => {
    const bytes = bytesReader(data);
    return (row) => bytes(row).slice();
  };
}

function intervalConversion(type: DataType, typeOid: number): Conversion | undefined {
  if (typeOid !== Oid.interval || !DataType.isInterval(type)) return undefined;
  if (type.unit !== IntervalUnit.MONTH_DAY_NANO) return undefined;
  return (data) => {
    const words = valuesOf<Int32Array>(data, 4);
    return (row) => {
      const at = row * 4;
      const low = BigInt((words[at + 2] as number) >>> 0);
      const nanos = (BigInt(words[at + 3] as number) << 32n) | low;
      return {
        kind: "interval",
        months: words[at] as number,
        days: words[at + 1] as number,
        micros: wholeMicros(nanos),
      };
    };
  };
}

function listConversion(
  type: DataType,
  element: TypedColumn,
  readText: TextReader,
): Conversion | undefined {
  const isList =
    DataType.isList(type) || DataType.isLargeList(type) || DataType.isFixedSizeList(type);
  if (!isList) return undefined;
  const inner = conversionOf(type.valueType, element, readText);
  if (inner === undefined) return undefined;
  const size = DataType.isFixedSizeList(type) ? (type as FixedSizeList).listSize : undefined;
  return (data) => {
    const [child] = data.children;
    if (child === undefined) throw malformed("A list has no elements.");
    const cell = cellsOf(child, inner);
    const offsets = data.valueOffsets as ArrayLike<number | bigint>;
    return (row) => {
      const from = size === undefined ? Number(offsets[row]) : (data.offset + row) * size;
      const until = size === undefined ? Number(offsets[row + 1]) : from + size;
      if (!(from >= 0 && until >= from && until <= child.length)) {
        throw malformed("A list reaches beyond its elements.");
      }
      const length = until - from;
      const dimensions = length === 0 ? [] : [{ length, lowerBound: 1 }];
      const elements = Array.from({ length }, (_, index) => cell(from + index));
      return { kind: "array", dimensions, elements };
    };
  };
}
