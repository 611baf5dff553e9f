/** COPY TO of a whole Parquet file: written on the server, for a client then read to it. */

import { rm } from "node:fs/promises";
import { SqlError } from "../../base/errors.ts";
import { quoteLiteral } from "../../compile/expression.ts";
import { Oid } from "../../types/oids.ts";
import type { Execution } from "../execution.ts";
import { writeQueryFile } from "../query-file.ts";
import type { CopyTo } from "./copy-statement.ts";
import { openFile } from "./file-chunks.ts";
import type { LinePiece } from "./lines-to.ts";

/** The file's bytes once all of it is written; rows are told with the first. */
export async function* parquetPieces(
  copy: CopyTo,
  execution: Execution,
): AsyncGenerator<LinePiece> {
  const path = execution.services.files.temporary(".parquet");
  try {
    let rows = await writeParquet(copy, path, execution);
    const chunks = await openFile(path, execution.signal);
    try {
      for (;;) {
        const bytes = await chunks.next();
        if (bytes === undefined) break;
        yield { bytes, rows, payload: bytes.length };
        rows = 0;
      }
    } finally {
      await chunks.close();
    }
  } finally {
    await rm(path, { force: true });
  }
}

/** Gives the number of rows. @throws SqlError 0A000 for what only the embedded PostgreSQL runs */
export async function writeParquet(
  { query, fields, options }: CopyTo,
  path: string,
  execution: Execution,
): Promise<number> {
  if (query.kind !== "select") {
    throw new SqlError("0A000", "COPY TO with FORMAT parquet copies tables and their queries only");
  }
  const { compression, rowGroupRows } = options;
  const file = { path, orderBy: [], compression, rowGroupRows, isExport: true };
  await writeQueryFile(query.plan, fields, file, execution);
  return await rowsOfFiles([path], execution);
}

/** How many rows Parquet files have. */
export async function rowsOfFiles(
  paths: readonly string[],
  { services, signal }: Execution,
): Promise<number> {
  if (paths.length === 0) return 0;
  const list = `[${paths.map(quoteLiteral).join(", ")}]`;
  const [rows] = await services.engine.evaluate(
    `SELECT CAST(sum(num_rows) AS BIGINT) AS c1 FROM parquet_file_metadata(${list})`,
    [],
    [{ typeOid: Oid.int8, typmod: -1, representation: { kind: "plain" } }],
    { signal },
  );
  return Number(rows ?? 0n);
}
