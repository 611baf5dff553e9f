/** The rows of INSERT ... VALUES made without the engine: parameters, literals, defaults. */

import { assert, SqlError, unreachable } from "../base/errors.ts";
import type { SequenceColumn } from "../compile/change-plan.ts";
import type { RelationColumn } from "../compile/plan.ts";
import type { RowCell, RowProgram } from "../compile/row-program.ts";
import { BlockBuilder } from "../engine/block-builder.ts";
import type { TypedColumn } from "../engine/bound-types.ts";
import { blockReaders } from "../engine/read-block.ts";
import type { ColumnData, RowBlock } from "../table/row-block.ts";
import { Oid } from "../types/oids.ts";
import { applyTypmod } from "../types/typmod.ts";
import type { SqlValue } from "../types/value.ts";
import { VALUE_CASTS } from "../types/value-casts.ts";
import type { Execution } from "./execution.ts";
import { drawMany } from "./plain/sequences.ts";
import { PlanValues } from "./plan-values.ts";

export interface InsertRows {
  readonly program: RowProgram;
  /**
   * Literals of the statement as the columns store them, one for each parameter of the program's
   * only row, which is repeated for each of them; undefined: the client's parameters.
   */
  readonly literals: RowBlock | undefined;
}

/** One column for each of `columns`. @throws SqlError 22001, 22003, 2200H, 0A000 */
export async function makeRows(
  { program, literals }: InsertRows,
  columns: readonly RelationColumn[],
  execution: Execution,
): Promise<RowBlock> {
  const maker = await CellMaker.of(program, literals?.rows ?? 1, execution);
  const builder = new BlockBuilder(columns, literals?.rows ?? program.rows.length);
  if (literals === undefined) {
    for (const row of program.rows) {
      for (const [index, column] of builder.columns.entries()) {
        column.put(builder.rows, maker.value(cellOf(row, index), columns[index]));
      }
      builder.endRow();
    }
    return builder.take();
  }
  const [cells = []] = program.rows;
  const made = builder.columns.map((column, index): ColumnData => {
    const cell = cellOf(cells, index);
    if (cell.kind === "parameter") return literalColumn(literals, cell.index);
    for (let row = 0; row < literals.rows; row += 1) {
      column.put(row, maker.value(cell, columns[index]));
    }
    return column.take(literals.rows);
  });
  return { rows: literals.rows, columns: made };
}

function cellOf(row: readonly RowCell[], index: number): RowCell {
  const cell = row[index];
  assert(cell !== undefined, "a row has fewer cells than its table has columns");
  return cell;
}

function literalColumn(literals: RowBlock, index: number): ColumnData {
  const column = literals.columns[index];
  assert(column !== undefined, "a statement has fewer literals than its shape");
  return column;
}

/** What the cells of one execution come to. */
class CellMaker {
  readonly #execution: Execution;
  readonly #scalars: readonly SqlValue[];
  /** Values that wait to be used, by sequence. */
  readonly #drawn: ReadonlyMap<number, readonly bigint[]>;
  readonly #used = new Map<number, number>();

  private constructor(
    execution: Execution,
    scalars: readonly SqlValue[],
    drawn: ReadonlyMap<number, readonly bigint[]>,
  ) {
    this.#execution = execution;
    this.#scalars = scalars;
    this.#drawn = drawn;
  }

  /** `times`: how often each row of the program is made. */
  static async of(program: RowProgram, times: number, execution: Execution): Promise<CellMaker> {
    let scalars: readonly SqlValue[] = [];
    if (program.scalars.length > 0) {
      const { parameters } = program;
      const values = await PlanValues.of({ parameters, scans: [] }, execution);
      try {
        scalars = await values.scalars(program.scalars);
      } finally {
        values.world.release();
      }
    }
    const counts = new Map<number, number>();
    for (const row of program.rows) {
      for (const cell of row) {
        if (cell.kind !== "sequence") continue;
        counts.set(cell.sequenceOid, (counts.get(cell.sequenceOid) ?? 0) + times);
      }
    }
    const drawn = new Map<number, readonly bigint[]>();
    for (const [oid, count] of counts) drawn.set(oid, await drawnValues(oid, count, execution));
    return new CellMaker(execution, scalars, drawn);
  }

  value(cell: RowCell, column: RelationColumn | undefined): SqlValue {
    assert(column !== undefined, "a row has more cells than its table has columns");
    switch (cell.kind) {
      case "constant":
        return cell.value;
      case "parameter": {
        const value = this.#execution.parameters.values[cell.index];
        assert(value !== undefined, "a statement has more parameters than were bound");
        return applyTypmod(castAll(value, cell.casts), column.typeOid, column.typmod);
      }
      case "transaction-time":
        return applyTypmod(this.#execution.transaction.startMicros, column.typeOid, column.typmod);
      case "scalar":
        return this.#scalars[cell.index] ?? null;
      case "sequence":
        return integerOf(this.#next(cell.sequenceOid), column.typeOid);
      default:
        return unreachable(cell);
    }
  }

  #next(oid: number): bigint {
    const at = this.#used.get(oid) ?? 0;
    this.#used.set(oid, at + 1);
    const value = this.#drawn.get(oid)?.[at];
    assert(value !== undefined, "a sequence gave too few values");
    return value;
  }
}

async function drawnValues(
  oid: number,
  count: number,
  execution: Execution,
): Promise<readonly bigint[]> {
  const runs = await drawMany(oid, count, execution);
  return runs.flatMap(({ first, increment, count: length }) =>
    Array.from({ length }, (_, index) => first + BigInt(index) * increment),
  );
}

/** The block with its drawn columns filled in. @throws SqlError 2200H, 22003 */
export async function drawForBlock(
  block: RowBlock,
  columns: readonly TypedColumn[],
  sequences: readonly SequenceColumn[],
  execution: Execution,
): Promise<RowBlock> {
  if (block.rows === 0 || sequences.length === 0) return block;
  const readers = blockReaders(block, columns);
  const filled = [...block.columns];
  for (const { sourceColumn, sequenceOid, when } of sequences) {
    const type = columns[sourceColumn];
    assert(type !== undefined, "a sequence fills a column that is not there");
    const isDrawn = (row: number) => when === undefined || readers[when]?.(row) === true;
    const rows = Array.from({ length: block.rows }, (_, row) => row).filter(isDrawn);
    const values = await drawnValues(sequenceOid, rows.length, execution);
    const byRow = new Map(rows.map((row, index) => [row, values[index] ?? 0n]));
    const [column] = new BlockBuilder([type]).columns;
    for (let row = 0; row < block.rows; row += 1) {
      const drawn = byRow.get(row);
      const kept = readers[sourceColumn]?.(row) ?? null;
      column?.put(row, drawn === undefined ? kept : integerOf(drawn, type.typeOid));
    }
    filled[sourceColumn] = column?.take(block.rows) ?? (filled[sourceColumn] as ColumnData);
  }
  return { rows: block.rows, columns: filled };
}

function castAll(value: SqlValue, casts: readonly number[]): SqlValue {
  let at = value;
  for (const oid of casts) {
    if (at === null) return null;
    const cast = VALUE_CASTS.get(oid);
    assert(cast !== undefined, "a cast that is not in the table of casts");
    at = cast(at);
  }
  return at;
}

/** The cast of nextval's int8 to a column of any integer type. */
function integerOf(value: bigint, typeOid: number): SqlValue {
  if (typeOid === Oid.int8) return value;
  const bits = typeOid === Oid.int2 ? 16 : 32;
  if (BigInt.asIntN(bits, value) !== value) {
    throw new SqlError("22003", `${bits === 16 ? "smallint" : "integer"} out of range`);
  }
  return Number(value);
}
