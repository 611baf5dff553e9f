/**
 * The literals of an INSERT into the columns of its table, by the input rules of their types. What
 * is not plainly right is not judged here: PostgreSQL then analyses the statement as a whole, with
 * its own errors.
 */

import { SqlError } from "../base/errors.ts";
import { CellKind, type InsertLiterals } from "../compile/insert-literals.ts";
import type { RelationColumn } from "../compile/plan.ts";
import { BlockBuilder } from "../engine/block-builder.ts";
import type { ColumnBuilder } from "../engine/column-builder.ts";
import type { RowBlock } from "../table/row-block.ts";
import { type TextCell, textCell } from "../types/copy/cells.ts";
import type { InputSettings } from "../types/datetime-input.ts";
import { elementOidOf, Oid } from "../types/oids.ts";

const FIRST_USER_OID = 16_384;

/** Cells from column to column that only DEFAULT stands in, by position in a row. */
export function defaultedColumns({ kinds, rows, width }: InsertLiterals): readonly boolean[] {
  return Array.from({ length: width }, (_, index) => {
    for (let at = index; at < rows * width; at += width) {
      if (kinds[at] !== CellKind.default) return false;
    }
    return true;
  });
}

/**
 * `targets`: for each cell of a row the column it goes into; undefined: it has DEFAULT in all rows.
 * Gives a block of the columns that are there, in order; undefined: PostgreSQL must look at it.
 */
export function readLiterals(
  literals: InsertLiterals,
  targets: readonly (RelationColumn | undefined)[],
  settings: InputSettings,
): RowBlock | undefined {
  const present = targets.flatMap((column, index) =>
    column === undefined ? [] : [{ column, index }],
  );
  if (present.some(({ column }) => column.typeOid >= FIRST_USER_OID)) return undefined;
  try {
    const builder = new BlockBuilder(present.map(({ column }) => column));
    for (const [at, { column, index }] of present.entries()) {
      const sink = builder.columns[at];
      if (sink === undefined || !new ColumnReader(literals, column, sink, settings).all(index)) {
        return undefined;
      }
    }
    return {
      rows: literals.rows,
      columns: builder.columns.map((column) => column.take(literals.rows)),
    };
  } catch (cause) {
    if (cause instanceof SqlError) return undefined;
    throw cause;
  }
}

class ColumnReader {
  readonly #literals: InsertLiterals;
  readonly #typeOid: number;
  readonly #sink: ColumnBuilder;
  readonly #text: TextCell;
  readonly #takesNumbers: "integers" | "decimals" | "none";
  readonly #isMoment: boolean;

  constructor(
    literals: InsertLiterals,
    { name, typeOid, typmod }: RelationColumn,
    sink: ColumnBuilder,
    settings: InputSettings,
  ) {
    this.#literals = literals;
    this.#typeOid = typeOid;
    this.#sink = sink;
    this.#text = textCell({ name, typeOid, typmod, sink, putDefault: undefined }, settings);
    this.#takesNumbers = numbersOf(typeOid);
    this.#isMoment = MOMENTS.has(elementOidOf(typeOid) ?? typeOid);
  }

  /** false: a cell is not for this reader. */
  all(index: number): boolean {
    const { rows, width } = this.#literals;
    for (let row = 0; row < rows; row += 1) {
      if (!this.#cell(row, row * width + index)) return false;
    }
    return true;
  }

  #cell(row: number, at: number): boolean {
    const { kinds, starts, ends, bytes } = this.#literals;
    const start = starts[at] as number;
    const end = ends[at] as number;
    switch (kinds[at]) {
      case CellKind.null:
        this.#sink.putNull(row);
        return true;
      case CellKind.true:
      case CellKind.false:
        if (this.#typeOid !== Oid.bool) return false;
        this.#sink.put(row, kinds[at] === CellKind.true);
        return true;
      case CellKind.number:
        return this.#number(row, start, end);
      case CellKind.string:
        return this.#string(row, bytes, start, end);
      case CellKind.quoted:
      case CellKind.escaped: {
        const text = unescaped(bytes, start, end, kinds[at] === CellKind.escaped);
        return text !== undefined && this.#string(row, text, 0, text.length);
      }
      default:
        return false;
    }
  }

  #string(row: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#isMoment && hasWord(bytes, start, end)) return false;
    this.#text(row, bytes, start, end);
    return true;
  }

  /** A number's own type is cast to the column's: the same as reading it, in these cases. */
  #number(row: number, start: number, end: number): boolean {
    const { bytes } = this.#literals;
    if (this.#takesNumbers === "none") return false;
    const isInteger = isDigits(bytes, start, end);
    if (!isInteger && this.#takesNumbers === "integers") return false;
    if (!isInteger && hasExponent(bytes, start, end)) return false;
    if (isNegativeZero(bytes, start, end)) return false;
    this.#text(row, bytes, start, end);
    return true;
  }
}

/** now, today and the like must be read anew at each execution; names of zones go along. */
const MOMENTS: ReadonlySet<number> = new Set([Oid.date, Oid.time, Oid.timestamp, Oid.timestamptz]);

function numbersOf(typeOid: number): "integers" | "decimals" | "none" {
  switch (typeOid) {
    case Oid.int2:
    case Oid.int4:
    case Oid.int8:
      return "integers";
    case Oid.numeric:
    case Oid.float4:
    case Oid.float8:
      return "decimals";
    default:
      return "none";
  }
}

/** A letter other than the T and Z of ISO 8601. */
function hasWord(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const code = bytes[at] as number;
    if (code >= 128) return true;
    const lower = code | 32;
    if (lower >= 97 && lower <= 122 && lower !== 116 && lower !== 122) return true;
  }
  return false;
}

const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;

function isDigits(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = bytes[start] === MINUS ? start + 1 : start; at < end; at += 1) {
    const code = bytes[at] as number;
    if (code < ZERO || code > NINE) return false;
  }
  return true;
}

function hasExponent(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (((bytes[at] as number) | 32) === 101) return true;
  return false;
}

/** Zero has no sign until it is a float. */
function isNegativeZero(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] !== MINUS) return false;
  for (let at = start + 1; at < end; at += 1) {
    const code = bytes[at] as number;
    if (code !== ZERO && code !== POINT) return false;
  }
  return true;
}

const QUOTE = 39;
const BACKSLASH = 92;
const ESCAPES: Readonly<Record<number, number>> = { 98: 8, 102: 12, 110: 10, 114: 13, 116: 9 };

/** undefined: an escape by number. */
function unescaped(
  bytes: Uint8Array,
  start: number,
  end: number,
  hasEscapes: boolean,
): Uint8Array | undefined {
  const out = new Uint8Array(end - start);
  let length = 0;
  for (let at = start; at < end; at += 1) {
    let code = bytes[at] as number;
    if (code === BACKSLASH && hasEscapes) {
      at += 1;
      code = bytes[at] as number;
      // \x41, \101, \u0041
      if ((code >= ZERO && code < ZERO + 8) || code === 120 || (code | 32) === 117)
        return undefined;
      code = ESCAPES[code] ?? code;
    } else if (code === QUOTE) {
      at += 1;
    }
    out[length] = code;
    length += 1;
  }
  return out.subarray(0, length);
}
