/** COPY TO of a whole Parquet file: written on the server, for a client then read to it. */

import { rename, rm } from "node:fs/promises";
import { SqlError } from "../../base/errors.ts";
import { quoteLiteral } from "../../compile/expression.ts";
import { Oid } from "../../types/oids.ts";
import type { Execution, Result } from "../execution.ts";
import { writeQueryFile } from "../query-file.ts";
import type { Reply } from "../results.ts";
import type { CopyTo } from "./copy-statement.ts";
import { openFile } from "./file-chunks.ts";

export async function parquetTo(copy: CopyTo, execution: Execution): Promise<Result> {
  const { files } = execution.services;
  if (copy.file === undefined) return { kind: "replies", replies: toClient(copy, execution) };
  const target = await files.newFile(copy.file);
  const unfinished = `${target}.${process.pid}-${Date.now()}.part`;
  try {
    const rows = await write(copy, unfinished, execution);
    await rename(unfinished, target);
    return { kind: "done", tag: `COPY ${rows}` };
  } catch (cause) {
    await rm(unfinished, { force: true });
    throw cause;
  }
}

async function* toClient(copy: CopyTo, execution: Execution): AsyncGenerator<Reply> {
  const path = execution.services.files.temporary(".parquet");
  try {
    const rows = await write(copy, path, execution);
    yield { kind: "copy-out", format: 1, columnFormats: copy.fields.map(() => 1) };
    const chunks = await openFile(path, execution.signal);
    try {
      for (;;) {
        const bytes = await chunks.next();
        if (bytes === undefined) break;
        yield { kind: "copy-data", bytes };
      }
    } finally {
      await chunks.close();
    }
    yield { kind: "copy-done" };
    yield { kind: "complete", tag: `COPY ${rows}` };
  } finally {
    await rm(path, { force: true });
  }
}

/** Gives the number of rows. @throws SqlError 0A000 for what only the embedded PostgreSQL runs */
async function write(
  { query, fields, options }: CopyTo,
  path: string,
  execution: Execution,
): Promise<bigint> {
  if (query.kind !== "select") {
    throw new SqlError("0A000", "COPY TO with FORMAT parquet copies tables and their queries only");
  }
  const { compression } = options;
  const file = { path, orderBy: [], compression, isExport: true };
  await writeQueryFile(query.plan, fields, file, execution);
  const [rows] = await execution.services.engine.evaluate(
    `SELECT CAST(sum(num_rows) AS BIGINT) AS c1 FROM parquet_file_metadata(${quoteLiteral(path)})`,
    [],
    [{ typeOid: Oid.int8, typmod: -1, representation: { kind: "plain" } }],
    { signal: execution.signal },
  );
  return (rows as bigint | null) ?? 0n;
}
