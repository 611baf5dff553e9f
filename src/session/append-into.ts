/** Files into a time-series table as one version: what APPEND PARQUET and COPY of files share. */

import { SqlError } from "../base/errors.ts";
import { type AppendResult, appendFiles } from "../table/append.ts";
import { CoverageOverlapError } from "../table/error.ts";
import { commitOf } from "./append-result.ts";
import { notifyCommit } from "./commit-notice.ts";
import type { Execution } from "./execution.ts";
import { overlapError } from "./overlap-message.ts";
import { hasRowKey } from "./repeated-rows.ts";
import { checkRequiredValues } from "./required-values.ts";
import { lockKeys } from "./row-keys.ts";
import type { TstableEntry } from "./tables.ts";
import { notBuilt } from "./utility.ts";

export interface AppendedFiles {
  readonly files: readonly string[];
  /** As the statement says it; undefined: the session's word, else the table's. */
  readonly overlap: string | undefined;
  readonly isDryRun: boolean;
  /** APPEND or COPY. */
  readonly operation: string;
}

/** @throws SqlError, StoreError; nothing is published then */
export async function appendInto(
  entry: TstableEntry,
  { files, overlap: given, isDryRun, operation }: AppendedFiles,
  execution: Execution,
): Promise<AppendResult> {
  const { services, settings, signal, processId } = execution;
  const overlap = policy(given, operation, entry, execution);
  // A DROP meanwhile lets whoever uses the table finish.
  const lease = entry.table.lease();
  try {
    if (hasRowKey(entry)) await settleKeys(entry, execution);
    await checkRequiredValues(entry, files, overlap, execution);
    const request = { files, overlap, isDryRun, operation };
    const result = await appendFiles(entry.table, services.engine, request, signal);
    const commit = commitOf(result, operation, processId);
    if (commit !== undefined) notifyCommit(services.notifications, entry, commit);
    return result;
  } catch (cause) {
    if (cause instanceof CoverageOverlapError) throw overlapError(cause, entry, settings.text);
    throw cause;
  } finally {
    lease.release();
  }
}

/** What others are about to insert is in the table, and in its coverage, or never will be. */
async function settleKeys(entry: TstableEntry, execution: Execution): Promise<void> {
  await lockKeys(entry, execution);
  await execution.services.intake.flush(entry.info.oid);
}

function policy(
  given: string | undefined,
  operation: string,
  entry: TstableEntry,
  execution: Execution,
): "reject" | "skip" | "allow" {
  const chosen = given ?? execution.settings.get("tstable.on_overlap") ?? entry.definition.overlap;
  if (chosen === "reject" || chosen === "skip" || chosen === "allow") {
    if (entry.definition.grain === "row" && chosen !== "allow") {
      const what = operation === "APPEND" ? "APPEND PARQUET" : `${operation} of files`;
      throw notBuilt(`${what} at GRAIN ROW`, "Use ON OVERLAP ALLOW.");
    }
    return chosen;
  }
  if (chosen === "replace") throw notBuilt("ON OVERLAP REPLACE", "Use REJECT, SKIP or ALLOW.");
  throw new SqlError("22023", `invalid overlap policy "${chosen}"`);
}
