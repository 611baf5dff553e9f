/** COPY TO with FORMAT arrow: a query's blocks as an IPC stream, one record batch for each. */

import {
  AsyncByteQueue,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
} from "apache-arrow";
import { SqlError } from "../../../base/errors.ts";
import type { RowBlock } from "../../../table/row-block.ts";
import { Oid } from "../../../types/oids.ts";
import type { Execution } from "../../execution.ts";
import { heavySteps } from "../../heavy-rows.ts";
import { PlanValues } from "../../plan-values.ts";
import { bindPlan } from "../../scan-binding.ts";
import { cursorRequest, release } from "../../statements/select.ts";
import type { CopyTo } from "../copy-statement.ts";
import type { LinePiece } from "../lines-to.ts";
import { type ArrowColumn, arrowColumn } from "./arrow-columns.ts";

/** @throws SqlError 0A000 */
export async function* arrowPieces(
  { query, fields }: CopyTo,
  execution: Execution,
): AsyncGenerator<LinePiece> {
  if (query.kind !== "select") {
    throw new SqlError("0A000", "COPY TO with FORMAT arrow copies tables and their queries only");
  }
  const columns = fields.map(({ name, typeOid, typmod }) => ({
    name,
    typeOid: typeOid === Oid.unknown ? Oid.text : typeOid,
    typmod,
  }));
  const writer = new BatchWriter(columns.map((column) => arrowColumn(column.name, column)));
  const { plan } = query;
  const values = await PlanValues.of(plan, execution);
  const bound = await bindPlan(plan, values, execution);
  try {
    const request = cursorRequest(plan, values, bound, {
      ...execution,
      formats: fields.map(() => 1 as const),
    });
    const { engine } = execution.services;
    const step = await heavySteps(plan, bound, execution);
    const cursor = await engine.openBlocks(request, columns, execution.signal);
    try {
      yield piece(writer.begin(), 0);
      for (;;) {
        const block = await step(() => cursor.next());
        if (block === undefined) break;
        yield piece(writer.write(block), block.rows);
      }
      yield piece(writer.finish(), 0);
    } finally {
      await cursor.close();
    }
  } finally {
    release(bound);
  }
}

function piece(bytes: Uint8Array, rows: number): LinePiece {
  return { bytes, rows, payload: bytes.length };
}

/** What was written since the last look. */
class Written extends AsyncByteQueue {
  #chunks: Uint8Array[] = [];

  override write(chunk: Parameters<AsyncByteQueue["write"]>[0]): void {
    this.#chunks.push(chunk as Uint8Array);
  }

  take(): Uint8Array {
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [];
    return bytes;
  }
}

class BatchWriter {
  readonly #columns: readonly ArrowColumn[];
  readonly #schema: Schema;
  readonly #sink = new Written();
  readonly #writer = new RecordBatchStreamWriter();

  constructor(columns: readonly ArrowColumn[]) {
    this.#columns = columns;
    this.#schema = new Schema(columns.map(({ field }) => field));
  }

  begin(): Uint8Array {
    this.#writer.reset(this.#sink, this.#schema);
    return this.#sink.take();
  }

  write({ rows, columns }: RowBlock): Uint8Array {
    const children = this.#columns.map(({ data }, index) => data(columns[index] as never, rows));
    const type = new Struct(this.#schema.fields);
    const data = makeData({ type, length: rows, nullCount: 0, children });
    this.#writer.write(new RecordBatch(this.#schema, data));
    return this.#sink.take();
  }

  finish(): Uint8Array {
    this.#writer.finish();
    return this.#sink.take();
  }
}
