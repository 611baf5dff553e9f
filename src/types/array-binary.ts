/** Arrays in PostgreSQL's binary format. */

import { SqlError } from "../base/errors.ts";
import { DIMENSIONS_MAX, ELEMENTS_MAX, tooManyDimensions, tooManyElements } from "./arrays.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { badBinary } from "./input-errors.ts";
import type { SqlArray, SqlValue } from "./value.ts";

type Dimension = SqlArray["dimensions"][number];

const INT32_MAX = 2 ** 31 - 1;

export function encodeArray(
  array: SqlArray,
  elementOid: number,
  encodeElement: (value: SqlValue) => Uint8Array,
): Uint8Array {
  const writer = new ByteWriter(20 + array.elements.length * 8)
    .int32(array.dimensions.length)
    .int32(array.elements.includes(null) ? 1 : 0)
    .uint32(elementOid);
  for (const { length, lowerBound } of array.dimensions) writer.int32(length).int32(lowerBound);
  for (const value of array.elements) {
    if (value === null) writer.int32(-1);
    else {
      const bytes = encodeElement(value);
      writer.int32(bytes.length).bytes(bytes);
    }
  }
  return writer.finish();
}

/**
 * @throws SqlError 22P03, 08P01, 42804; counts are checked against the bytes before memory is
 * taken
 */
export function decodeArray(
  bytes: Uint8Array,
  elementOid: number,
  decodeElement: (bytes: Uint8Array) => SqlValue,
): SqlArray {
  const reader = new ByteReader(bytes);
  const dimensionCount = reader.int32();
  if (dimensionCount < 0) throw badBinary(`invalid number of dimensions: ${dimensionCount}`);
  if (dimensionCount > DIMENSIONS_MAX) throw tooManyDimensions();
  const flags = reader.int32();
  if (flags !== 0 && flags !== 1) throw badBinary("invalid array flags");
  const sentOid = reader.uint32();
  if (sentOid !== elementOid) {
    throw new SqlError(
      "42804",
      `binary data has array element type ${sentOid} (oid) instead of expected ${elementOid}`,
    );
  }
  const dimensions: Dimension[] = [];
  let count = dimensionCount === 0 ? 0 : 1;
  for (let index = 0; index < dimensionCount; index += 1) {
    const length = reader.int32();
    const lowerBound = reader.int32();
    dimensions.push({ length, lowerBound });
    count *= length;
  }
  checkBounds(dimensions, count);
  if (count * 4 > reader.remaining)
    throw new SqlError("08P01", "insufficient data left in message");
  const elements: SqlValue[] = [];
  for (let index = 0; index < count; index += 1) {
    const size = reader.int32();
    if (size < -1 || size > reader.remaining) throw badBinary("insufficient data left in message");
    elements.push(size === -1 ? null : decodeElement(reader.bytes(size)));
  }
  if (reader.remaining > 0) throw badBinary("incorrect binary data format");
  return { kind: "array", dimensions: count === 0 ? [] : dimensions, elements };
}

/** @throws SqlError 54000 */
function checkBounds(dimensions: readonly Dimension[], count: number): void {
  if (count > ELEMENTS_MAX || dimensions.some(({ length }) => length < 0)) throw tooManyElements();
  for (const { length, lowerBound } of dimensions) {
    if (length + lowerBound <= INT32_MAX) continue;
    throw new SqlError("54000", `array lower bound is too large: ${lowerBound}`);
  }
}
