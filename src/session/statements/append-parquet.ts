/** APPEND PARQUET: files on the server into a table. */

import { basename } from "node:path";
import type { AppendParquet } from "../../compile/own-statements.ts";
import { appendInto } from "../append-into.ts";
import { appendFields, appendRow } from "../append-result.ts";
import type { Execution, Result } from "../execution.ts";
import { rowsOfValues } from "../row-source.ts";
import { requireWritable } from "../write-rules.ts";

export async function appendParquet(
  statement: AppendParquet,
  execution: Execution,
): Promise<Result> {
  const { services, settings } = execution;
  requireWritable("APPEND", execution);
  const entry = services.tables.require(statement.table, settings);
  const files = await services.files.files(statement.patterns);
  const { overlap, isDryRun, message, idempotencyKey } = statement;
  const request = { files, overlap, isDryRun, operation: "APPEND", message, idempotencyKey };
  const { files: appended, notices } = await appendInto(entry, request, execution);
  const fields = appendFields(entry.info);
  const columns = fields.map(({ typeOid }, index) => ({
    typeOid,
    format: execution.formats[index] ?? 0,
  }));
  const cells = appended.map((file) =>
    appendRow(entry.axis, { ...file, file: basename(file.file) }),
  );
  const count = appended.reduce((sum, file) => sum + file.rows, 0);
  const rows = rowsOfValues(cells, columns, settings.text);
  return { kind: "rows", rows, tag: () => `APPEND ${count}`, notices };
}
