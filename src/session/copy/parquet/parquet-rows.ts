/** A Parquet file as blocks of a table's rows, where it cannot become a segment as it is. */

import { SqlError } from "../../../base/errors.ts";
import type { RelationColumn, RelationInfo } from "../../../compile/plan.ts";
import { BlockBuilder } from "../../../engine/block-builder.ts";
import type { BlockCursor } from "../../../engine/collect.ts";
import { quoteName, readParquet } from "../../../engine/quoting.ts";
import { blockReaders } from "../../../engine/read-block.ts";
import { boundShape } from "../../../engine/stored-expressions.ts";
import { describeParquet, type FileColumn } from "../../../table/parquet-schema.ts";
import type { ColumnData, RowBlock } from "../../../table/row-block.ts";
import { decodeText } from "../../../types/codec.ts";
import { withContext } from "../../../types/copy/context.ts";
import { Oid, typeNameOf } from "../../../types/oids.ts";
import { applyTypmod } from "../../../types/typmod.ts";
import type { Execution } from "../../execution.ts";
import { makeRows } from "../../insert-rows.ts";
import { requireNotNull } from "../../not-null.ts";
import type { CopyFrom } from "../copy-statement.ts";
import { fileColumns } from "../file-columns.ts";
import { type NaturalColumn, naturalColumn } from "./parquet-types.ts";
import { isSame, type TextReader, type Widen, widening } from "./widen.ts";

interface ReadColumn {
  readonly natural: NaturalColumn;
  readonly column: RelationColumn;
  /** undefined: the cells are the column's as they are. */
  readonly widen: Widen | undefined;
}

export class ParquetRows {
  readonly #copy: CopyFrom;
  readonly #info: RelationInfo;
  readonly #execution: Execution;
  readonly #columns: readonly ReadColumn[];
  readonly #program: CopyFrom["program"];
  #cursor: BlockCursor | undefined;
  #rows = 0;

  private constructor(
    copy: CopyFrom,
    info: RelationInfo,
    execution: Execution,
    described: readonly FileColumn[],
  ) {
    this.#copy = copy;
    this.#info = info;
    this.#execution = execution;
    const names = described.map(({ name }) => name);
    const { columns, program } = fileColumns(names, copy, info);
    this.#program = program;
    this.#columns = columns.map((column, at) => this.#read(column, described[at] as FileColumn));
  }

  /** To be closed always. @throws StoreError "bad-file"; SqlError 42703, 42804, 0A000 */
  static async open(
    copy: CopyFrom,
    info: RelationInfo,
    path: string,
    execution: Execution,
  ): Promise<ParquetRows> {
    const rows = new ParquetRows(copy, info, execution, await describeParquet(path));
    const natural = rows.#columns.map(({ natural: one }) => one);
    const selected = rows.#columns.map(
      ({ natural: one, column }, at) => `${one.sql(quoteName(column.name))} AS c${at + 1}`,
    );
    const request = {
      sql: `SELECT ${selected.join(", ")} FROM ${readParquet([path])}`,
      parameters: [],
      rowsRelations: [],
      shapes: natural.map(boundShape),
      formats: [],
      text: execution.settings.text,
      isSmall: false,
    };
    const { engine } = execution.services;
    rows.#cursor = await engine.openBlocks(request, natural, execution.signal);
    return rows;
  }

  async close(): Promise<void> {
    await this.#cursor?.close();
  }

  /** undefined: there are no more. @throws SqlError with CONTEXT */
  async next(): Promise<RowBlock | undefined> {
    const read = await this.#cursor?.next();
    if (read === undefined) return undefined;
    const columns = this.#columns.map((_, index) => this.#column(read, index));
    this.#rows += read.rows;
    const rows = { program: this.#program, literals: { rows: read.rows, columns } };
    try {
      const block = await makeRows(rows, this.#info.columns, this.#execution);
      if (this.#copy.where === undefined && !this.#copy.hasGenerated) {
        requireNotNull(this.#info, block, this.#execution.settings.text);
      }
      return block;
    } catch (cause) {
      throw withContext(cause, `COPY ${this.#copy.relation}`);
    }
  }

  #column(block: RowBlock, index: number): ColumnData {
    const { column, natural, widen } = this.#columns[index] as ReadColumn;
    const data = block.columns[index] as ColumnData;
    const isText = natural.typeOid === Oid.text;
    if (isText && data.data.includes(0)) throw this.#failure(zeroByte(), column);
    if (widen === undefined) return data;
    const [builder] = new BlockBuilder([column]).columns;
    const [cell] = blockReaders({ rows: block.rows, columns: [data] }, [natural]);
    const { typeOid, typmod } = column;
    let row = 0;
    try {
      for (; row < block.rows; row += 1) {
        const value = cell?.(row) ?? null;
        builder?.put(row, value === null ? null : applyTypmod(widen(value), typeOid, typmod));
      }
    } catch (cause) {
      throw this.#failure(cause, column, row);
    }
    return builder?.take(block.rows) ?? data;
  }

  #failure(cause: unknown, { name }: RelationColumn, row?: number): unknown {
    const place = row === undefined ? "" : `, row ${this.#rows + row + 1}`;
    return withContext(cause, `COPY ${this.#copy.relation}${place}, column ${name}`);
  }

  #read(column: RelationColumn, { type }: FileColumn): ReadColumn {
    const { settings, transaction } = this.#execution;
    const input = { ...settings.text, nowMicros: transaction.nowMicros };
    const readText: TextReader = (text, typeOid) => decodeText(text, typeOid, input);
    const natural = naturalColumn(type);
    if (natural !== undefined) {
      if (type.kind === "null") return { column, natural, widen: () => null };
      if (isSame(natural, column)) return { column, natural, widen: undefined };
      const widen = widening(natural, column, readText);
      if (widen !== undefined) return { column, natural, widen };
    }
    throw new SqlError(
      "42804",
      `column "${column.name}" is of type ${typeNameOf(column.typeOid)} ` +
        `but the file has ${natural === undefined ? type.kind : typeNameOf(natural.typeOid)}`,
      { hint: "Cast the column where the file is written.", column: column.name },
    );
  }
}

function zeroByte(): SqlError {
  return new SqlError("22021", 'invalid byte sequence for encoding "UTF8": 0x00');
}
