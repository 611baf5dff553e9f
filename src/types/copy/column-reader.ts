/**
 * One column of many lines: each type in a loop of its own, whose numbers go through an array into
 * the column. A call for each cell would cost more than reading it.
 */

import type { InputSettings } from "../datetime-input.ts";
import { Oid } from "../oids.ts";
import { type CopyColumn, type TextCell, textCell } from "./cells.ts";
import type { FieldPlaces } from "./field-places.ts";
import { readFloats } from "./read-floats.ts";
import { readIntegers } from "./read-numbers.ts";
import { MomentReader } from "./read-times.ts";

/** Writes the fields' values; those that are not in a usual form, and NULL, as NaN. */
type NumbersReader = (fields: FieldPlaces, values: Float64Array) => void;

/** Numbers on their way, of whichever column is read. */
let scratch = new Float64Array(256);

export class ColumnReader {
  readonly #column: CopyColumn;
  readonly #cell: TextCell;
  readonly #numbers: NumbersReader | undefined;
  readonly #isText: boolean;

  constructor(column: CopyColumn, settings: InputSettings) {
    const { typeOid, typmod, sink } = column;
    this.#column = column;
    this.#cell = textCell(column, settings);
    const isPlain = typmod < 0 && sink.putNumbers !== undefined;
    this.#numbers = isPlain ? numbersReader(typeOid, settings) : undefined;
    this.#isText = typmod < 0 && (typeOid === Oid.text || typeOid === Oid.varchar);
  }

  /**
   * Fields into the column's cells from `row` on.
   * @throws SqlError of any of them, not always of the first that is wrong
   */
  read(fields: FieldPlaces, row: number): void {
    if (this.#numbers !== undefined) this.#readNumbers(this.#numbers, fields, row);
    else if (this.#isText && this.#column.sink.putFields !== undefined) {
      this.#column.sink.putFields(row, fields);
    } else {
      for (let i = 0; i < fields.count; i += 1) this.#one(fields, i, row + i);
    }
  }

  #readNumbers(read: NumbersReader, fields: FieldPlaces, row: number): void {
    const { count } = fields;
    if (count > scratch.length) scratch = new Float64Array(count * 2);
    const values = scratch;
    read(fields, values);
    this.#column.sink.putNumbers?.(row, values, count);
    for (let i = 0; i < count; i += 1) {
      if (Number.isNaN(values[i])) this.#one(fields, i, row + i);
    }
  }

  #one({ bytes, starts, ends }: FieldPlaces, index: number, row: number): void {
    const start = starts[index] as number;
    if (start < 0) this.#column.sink.putNull(row);
    else this.#cell(row, bytes, start, ends[index] as number);
  }
}

function numbersReader(typeOid: number, settings: InputSettings): NumbersReader | undefined {
  switch (typeOid) {
    case Oid.int2:
      return (fields, into) => readIntegers(fields, 2 ** 15, into);
    case Oid.int4:
      return (fields, into) => readIntegers(fields, 2 ** 31, into);
    case Oid.int8:
      return (fields, into) => readIntegers(fields, Number.POSITIVE_INFINITY, into);
    case Oid.float8:
      return readFloats;
    case Oid.timestamp:
    case Oid.timestamptz: {
      const zone = typeOid === Oid.timestamptz ? settings.timeZone : undefined;
      const reader = new MomentReader(zone);
      return (fields, into) => reader.readAll(fields, into);
    }
    default:
      return undefined;
  }
}
