/** COPY TO: a query's rows as lines or tuples, to the client or into a file on the server. */

import { open, rename, rm } from "node:fs/promises";
import { assert } from "../../base/errors.ts";
import type { CopyFormat } from "../../types/copy/format.ts";
import { type RowWriter, rowWriter } from "../../types/copy/row-writer.ts";
import type { Execution, Result } from "../execution.ts";
import type { Reply } from "../results.ts";
import type { RowSource } from "../row-source.ts";
import type { Statement } from "../statement.ts";
import { notBuilt } from "../utility.ts";
import { arrowTo } from "./arrow/arrow-to.ts";
import { copyEncoding, copyFormat } from "./copy-format.ts";
import type { CopyTo } from "./copy-statement.ts";
import { parquetTo } from "./parquet-to.ts";

/** Executes the query that gives the rows. */
export type Run = (statement: Statement, execution: Execution) => Promise<Result>;

export async function copyTo(copy: CopyTo, execution: Execution, run: Run): Promise<Result> {
  refuseUnbuilt(copy);
  if (copy.options.format === "parquet") return await parquetTo(copy, execution);
  if (copy.options.format === "arrow") return await arrowTo(copy, execution);
  const isFramed = copy.file === undefined;
  const { options, fields } = copy;
  const names = fields.map(({ name }) => name);
  const relation =
    copy.relation === undefined ? undefined : { name: copy.relation, columns: names };
  const format = copyFormat(options, names, relation);
  const writer = rowWriter(format, copyEncoding(options, execution.settings), isFramed);
  if (copy.file === undefined) {
    return { kind: "replies", replies: toClient(copy, format, writer, execution, run) };
  }
  const target = await execution.services.files.newFile(copy.file);
  const rows = await toFile(copy, target, writer, execution, run);
  return { kind: "done", tag: `COPY ${rows}` };
}

/** @throws SqlError 0A000 */
function refuseUnbuilt({ options }: CopyTo): void {
  const { format, rowGroupRows, compression } = options;
  if (format === "arrow" && compression !== undefined) {
    throw notBuilt("COPY TO with FORMAT arrow and COMPRESSION");
  }
  if (format === "json") {
    const hint = "COPY a query of row_to_json(...) instead.";
    throw notBuilt("COPY TO with FORMAT json", hint);
  }
  if (rowGroupRows !== undefined) throw notBuilt("COPY TO with ROW_GROUP_ROWS");
}

async function* toClient(
  copy: CopyTo,
  format: CopyFormat,
  writer: RowWriter,
  execution: Execution,
  run: Run,
): AsyncGenerator<Reply> {
  const source = await openRows(copy, writer.cellFormat, execution, run);
  try {
    const wire = format.kind === "binary" ? 1 : 0;
    yield { kind: "copy-out", format: wire, columnFormats: copy.fields.map(() => wire) };
    let count = 0;
    for await (const { bytes, rows } of written(copy, source, writer, execution)) {
      count += rows;
      if (bytes.length > 0) yield { kind: "copy-messages", bytes };
    }
    yield { kind: "copy-done" };
    yield { kind: "complete", tag: `COPY ${count}` };
  } finally {
    await source.close();
  }
}

/** Under its name only once it is whole. */
async function toFile(
  copy: CopyTo,
  target: string,
  writer: RowWriter,
  execution: Execution,
  run: Run,
): Promise<number> {
  const source = await openRows(copy, writer.cellFormat, execution, run);
  const unfinished = `${target}.${process.pid}-${Date.now()}.part`;
  try {
    const file = await open(unfinished, "wx");
    let count = 0;
    try {
      for await (const { bytes, rows } of written(copy, source, writer, execution)) {
        count += rows;
        await file.writeFile(bytes);
      }
    } finally {
      await file.close();
    }
    await rename(unfinished, target);
    return count;
  } catch (cause) {
    await rm(unfinished, { force: true });
    throw cause;
  } finally {
    await source.close();
  }
}

async function* written(
  copy: CopyTo,
  source: RowSource,
  writer: RowWriter,
  { signal }: Execution,
): AsyncGenerator<{ readonly bytes: Uint8Array; readonly rows: number }> {
  const stop = () => source.cancel();
  signal.addEventListener("abort", stop);
  try {
    if (signal.aborted) stop();
    yield { bytes: writer.begin(copy.fields.map(({ name }) => name)), rows: 0 };
    for (;;) {
      const batch = await source.next();
      if (batch === undefined) break;
      yield { bytes: writer.rows(batch.bytes), rows: batch.rows };
    }
    yield { bytes: writer.finish(), rows: 0 };
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

async function openRows(
  { query, fields }: CopyTo,
  cellFormat: 0 | 1,
  execution: Execution,
  run: Run,
): Promise<RowSource> {
  const result = await run(query, { ...execution, formats: fields.map(() => cellFormat) });
  assert(result.kind === "rows", "what COPY copies gives rows");
  return result.rows;
}
