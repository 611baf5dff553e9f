/** APPEND PARQUET: files on the server into a table, as one version. */

import { basename } from "node:path";
import { SqlError } from "../../base/errors.ts";
import type { AppendParquet } from "../../compile/own-statements.ts";
import { appendFiles } from "../../table/append.ts";
import { CoverageOverlapError } from "../../table/error.ts";
import { appendFields, appendRow, commitOf } from "../append-result.ts";
import { notifyCommit } from "../commit-notice.ts";
import type { Execution, Result } from "../execution.ts";
import { overlapError } from "../overlap-message.ts";
import { checkRequiredValues } from "../required-values.ts";
import { rowsOfValues } from "../row-source.ts";
import type { TstableEntry } from "../tables.ts";
import { notBuilt } from "../utility.ts";
import { requireAlone, requireWritable } from "../write-rules.ts";

export async function appendParquet(
  statement: AppendParquet,
  execution: Execution,
): Promise<Result> {
  const { services, settings, signal } = execution;
  requireWritable("APPEND", execution);
  requireAlone("APPEND PARQUET", execution);
  const entry = services.tables.require(statement.table, settings);
  const overlap = policy(statement, entry, execution);
  const files = await services.files.files(statement.patterns);
  // A DROP meanwhile lets whoever uses the table finish.
  const lease = entry.table.lease();
  try {
    await checkRequiredValues(entry, files, overlap, execution);
    const result = await appendFiles(
      entry.table,
      services.engine,
      { files, overlap, isDryRun: statement.isDryRun },
      signal,
    );
    const commit = commitOf(result, "APPEND", execution.processId);
    if (commit !== undefined) notifyCommit(services.notifications, entry, commit);
    const fields = appendFields(entry.info);
    const columns = fields.map(({ typeOid }, index) => ({
      typeOid,
      format: execution.formats[index] ?? 0,
    }));
    const cells = result.files.map((file) =>
      appendRow(entry.axis, { ...file, file: basename(file.file) }),
    );
    const appended = result.files.reduce((sum, file) => sum + file.rows, 0);
    const rows = rowsOfValues(cells, columns, settings.text);
    return { kind: "rows", rows, tag: () => `APPEND ${appended}` };
  } catch (cause) {
    if (cause instanceof CoverageOverlapError) throw overlapError(cause, entry, settings.text);
    throw cause;
  } finally {
    lease.release();
  }
}

/** The statement's word, else the session's, else the table's. */
function policy(
  statement: AppendParquet,
  entry: TstableEntry,
  execution: Execution,
): "reject" | "skip" | "allow" {
  const chosen =
    statement.overlap ?? execution.settings.get("tstable.on_overlap") ?? entry.definition.overlap;
  if (chosen === "reject" || chosen === "skip" || chosen === "allow") {
    if (entry.definition.grain === "row" && chosen !== "allow") {
      throw notBuilt("APPEND PARQUET at GRAIN ROW", "Use ON OVERLAP ALLOW.");
    }
    return chosen;
  }
  if (chosen === "replace") throw notBuilt("ON OVERLAP REPLACE", "Use REJECT, SKIP or ALLOW.");
  throw new SqlError("22023", `invalid overlap policy "${chosen}"`);
}
