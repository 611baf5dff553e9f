/** COPY TO with FORMAT arrow: a query's blocks as an IPC stream, one record batch for each. */

import { open, rename, rm } from "node:fs/promises";
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
import type { Execution, Result } from "../../execution.ts";
import { PlanValues } from "../../plan-values.ts";
import type { Reply } from "../../results.ts";
import { bindPlan } from "../../scan-binding.ts";
import { cursorRequest, release } from "../../statements/select.ts";
import type { CopyTo } from "../copy-statement.ts";
import { type ArrowColumn, arrowColumn } from "./arrow-columns.ts";

export async function arrowTo(copy: CopyTo, execution: Execution): Promise<Result> {
  if (copy.query.kind !== "select") {
    throw new SqlError("0A000", "COPY TO with FORMAT arrow copies tables and their queries only");
  }
  if (copy.file === undefined) return { kind: "replies", replies: toClient(copy, execution) };
  const target = await execution.services.files.newFile(copy.file);
  const unfinished = `${target}.${process.pid}-${Date.now()}.part`;
  try {
    const file = await open(unfinished, "wx");
    let count = 0;
    try {
      for await (const { bytes, rows } of written(copy, execution)) {
        count += rows;
        await file.writeFile(bytes);
      }
    } finally {
      await file.close();
    }
    await rename(unfinished, target);
    return { kind: "done", tag: `COPY ${count}` };
  } catch (cause) {
    await rm(unfinished, { force: true });
    throw cause;
  }
}

async function* toClient(copy: CopyTo, execution: Execution): AsyncGenerator<Reply> {
  let count = 0;
  let isOpen = false;
  for await (const { bytes, rows } of written(copy, execution)) {
    if (!isOpen) yield { kind: "copy-out", format: 1, columnFormats: copy.fields.map(() => 1) };
    isOpen = true;
    count += rows;
    if (bytes.length > 0) yield { kind: "copy-data", bytes };
  }
  yield { kind: "copy-done" };
  yield { kind: "complete", tag: `COPY ${count}` };
}

async function* written(
  { query, fields }: CopyTo,
  execution: Execution,
): AsyncGenerator<{ readonly bytes: Uint8Array; readonly rows: number }> {
  if (query.kind !== "select") return;
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
    const cursor = await engine.openBlocks(request, columns, execution.signal);
    try {
      yield { bytes: writer.begin(), rows: 0 };
      for (;;) {
        const block = await cursor.next();
        if (block === undefined) break;
        yield { bytes: writer.write(block), rows: block.rows };
      }
      yield { bytes: writer.finish(), rows: 0 };
    } finally {
      await cursor.close();
    }
  } finally {
    release(bound);
  }
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
