/**
 * COPY FROM with FORMAT arrow: record batches as blocks of the table's rows, one after the other.
 */

import {
  type AsyncRecordBatchStreamReader,
  type DataType,
  type RecordBatch,
  RecordBatchReader,
  type Schema,
} from "apache-arrow";
import { SqlError } from "../../../base/errors.ts";
import type { RelationInfo } from "../../../compile/plan.ts";
import { BlockBuilder } from "../../../engine/block-builder.ts";
import type { ColumnData, RowBlock } from "../../../table/row-block.ts";
import { decodeText } from "../../../types/codec.ts";
import type { CellSink } from "../../../types/copy/cells.ts";
import { withContext } from "../../../types/copy/context.ts";
import { typeNameOf } from "../../../types/oids.ts";
import { applyTypmod } from "../../../types/typmod.ts";
import type { Execution } from "../../execution.ts";
import { makeRows } from "../../insert-rows.ts";
import { requireNotNull } from "../../not-null.ts";
import type { ChunkSource } from "../copy-queue.ts";
import type { CopyFrom } from "../copy-statement.ts";
import { fileColumns } from "../file-columns.ts";
import type { TextReader } from "./arrow-bytes.ts";
import { cellsOf, conversionOf } from "./arrow-cells.ts";
import type { Conversion } from "./arrow-data.ts";
import { ArrowMessages, malformed } from "./arrow-messages.ts";

const BLOCK_ROWS = 65_536;
const BLOCK_BYTES = 8 * 2 ** 20;

interface ReadColumn {
  readonly column: RelationInfo["columns"][number];
  readonly conversion: Conversion;
}

export class ArrowRows {
  readonly #copy: CopyFrom;
  readonly #info: RelationInfo;
  readonly #execution: Execution;
  readonly #messages: ArrowMessages;
  readonly #reader: AsyncRecordBatchStreamReader;
  readonly #columns: readonly ReadColumn[];
  readonly #program: CopyFrom["program"];
  #batch: RecordBatch | undefined;
  /** Of the batch. */
  #row = 0;
  /** Before the batch. */
  #rowsBefore = 0;

  private constructor(
    copy: CopyFrom,
    info: RelationInfo,
    execution: Execution,
    opened: { readonly messages: ArrowMessages; readonly reader: AsyncRecordBatchStreamReader },
  ) {
    this.#copy = copy;
    this.#info = info;
    this.#execution = execution;
    this.#messages = opened.messages;
    this.#reader = opened.reader;
    const { schema } = opened.reader;
    const names = schema.fields.map(({ name }) => name);
    const { columns, program } = fileColumns(names, copy, info);
    this.#columns = columns.map((column, index) => ({
      column,
      conversion: this.#conversion(column, schema, index),
    }));
    this.#program = program;
  }

  /** @throws SqlError 22P04, 0A000, 42703, 42804 */
  static async open(
    copy: CopyFrom,
    info: RelationInfo,
    source: ChunkSource,
    execution: Execution,
  ): Promise<ArrowRows> {
    const messages = new ArrowMessages(source);
    const reader = await ours(messages, async () => {
      const found = await RecordBatchReader.from(messages);
      return (await found.open()) as AsyncRecordBatchStreamReader;
    });
    return new ArrowRows(copy, info, execution, { messages, reader });
  }

  /** undefined: there are no more. @throws SqlError with CONTEXT */
  async next(): Promise<RowBlock | undefined> {
    while (this.#batch === undefined || this.#row >= this.#batch.numRows) {
      this.#rowsBefore += this.#batch?.numRows ?? 0;
      this.#row = 0;
      this.#batch = await ours(this.#messages, async () => {
        const { done, value } = await this.#reader.next();
        return done === true ? undefined : (value as RecordBatch);
      });
      if (this.#batch === undefined) {
        await this.#messages.finish();
        return undefined;
      }
    }
    const from = this.#row;
    this.#row = Math.min(from + rowsAtOnce(this.#batch), this.#batch.numRows);
    return await this.#block(this.#batch, from, this.#row);
  }

  async #block(batch: RecordBatch, from: number, until: number): Promise<RowBlock> {
    const columns = this.#columns.map((_, index) => this.#column(batch, index, from, until));
    const rows = { program: this.#program, literals: { rows: until - from, columns } };
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

  #column(batch: RecordBatch, index: number, from: number, until: number): ColumnData {
    const { column, conversion } = this.#columns[index] as ReadColumn;
    const { typeOid, typmod } = column;
    const data = batch.data.children[index];
    if (data === undefined || data.length < batch.numRows) {
      throw malformed("A record batch lacks a column of its schema.");
    }
    const [builder] = new BlockBuilder([column]).columns;
    const sink = builder as CellSink & { take(rows: number): ColumnData };
    const cell = cellsOf(data, conversion);
    let row = from;
    try {
      for (; row < until; row += 1) sink.put(row - from, applyTypmod(cell(row), typeOid, typmod));
    } catch (cause) {
      const where = `row ${this.#rowsBefore + row + 1}, column ${column.name}`;
      throw withContext(cause, `COPY ${this.#copy.relation}, ${where}`);
    }
    return sink.take(until - from);
  }

  #conversion(column: ReadColumn["column"], { fields }: Schema, index: number): Conversion {
    const { settings, transaction } = this.#execution;
    const input = { ...settings.text, nowMicros: transaction.nowMicros };
    const type = fields[index]?.type as DataType;
    const readText: TextReader = (text, typeOid) => decodeText(text, typeOid, input);
    const conversion = conversionOf(type, column, readText);
    if (conversion !== undefined) return conversion;
    throw new SqlError(
      "42804",
      `column "${column.name}" is of type ${typeNameOf(column.typeOid)} ` +
        `but the arrow data have ${String(type)}`,
      { hint: "Cast the column where the data are written.", column: column.name },
    );
  }
}

/** So that a block of long texts stays small. */
function rowsAtOnce({ data, numRows }: RecordBatch): number {
  const rows = Math.floor((BLOCK_BYTES * numRows) / Math.max(1, data.byteLength));
  return Math.max(1, Math.min(rows, BLOCK_ROWS));
}

/** What the reader says of bytes that it cannot read, as our errors. */
async function ours<T>(messages: ArrowMessages, work: () => Promise<T>): Promise<T> {
  try {
    const result = await work();
    if (messages.failure !== undefined) throw messages.failure;
    return result;
  } catch (cause) {
    if (messages.failure !== undefined) throw messages.failure;
    if (cause instanceof SqlError) throw cause;
    throw malformed(`${(cause as Error).message}.`);
  }
}
