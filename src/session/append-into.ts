/**
 * Files into a time-series table: what APPEND PARQUET and COPY of files share. As one version, or
 * inside of a transaction as part of it.
 */

import { type ErrorFields, SqlError } from "../base/errors.ts";
import type { AppendRequest } from "../table/append.ts";
import type { AppendedFile } from "../table/append-report.ts";
import { CoverageOverlapError } from "../table/error.ts";
import { appendPending, appendPublished, type PendingReplace } from "../table/segment-changes.ts";
import { commitOf } from "./append-result.ts";
import { claimantOf, whenFree } from "./bucket-claims.ts";
import { bucketReplacement } from "./bucket-rows.ts";
import { notifyCommit } from "./commit-notice.ts";
import type { Execution } from "./execution.ts";
import { requireNewKeys } from "./file-keys.ts";
import { FileRows } from "./file-rows.ts";
import { overlapError } from "./overlap-message.ts";
import { chosenPolicy, hasRowKey } from "./repeated-rows.ts";
import { checkRequiredValues } from "./required-values.ts";
import { lockKeys, shareKeys } from "./row-keys.ts";
import type { TstableEntry } from "./tables.ts";
import { notBuilt } from "./utility.ts";

export interface AppendedFiles {
  readonly files: readonly string[];
  /** As the statement says it; undefined: the session's word, else the table's. */
  readonly overlap: string | undefined;
  readonly isDryRun: boolean;
  /** APPEND or COPY. */
  readonly operation: string;
  readonly message?: string | undefined;
  readonly idempotencyKey?: string | undefined;
}

export interface Appended {
  readonly files: readonly AppendedFile[];
  readonly notices: readonly ErrorFields[];
}

/** @throws SqlError, StoreError; nothing is published then */
export async function appendInto(
  entry: TstableEntry,
  given: AppendedFiles,
  execution: Execution,
): Promise<Appended> {
  const { files, isDryRun, operation, message, idempotencyKey } = given;
  const overlap = chosenPolicy(entry, given.overlap, execution);
  // What replaces segments locks them, as a transaction does.
  const isPlain = overlap !== "replace" || entry.table.snapshot.meta.schema === undefined;
  const isOwn = !execution.transaction.isExplicit && execution.isAlone && isPlain;
  if (!isOwn && (message !== undefined || idempotencyKey !== undefined)) {
    throw new SqlError("0A000", "a message or a key of an append inside of a transaction", {
      hint: "They belong to a version: send the statement by itself, and not with REPLACE.",
    });
  }
  const request = {
    files,
    overlap,
    isDryRun,
    operation,
    ...(message !== undefined && { message }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  };
  // A DROP meanwhile lets whoever uses the table finish.
  const lease = entry.table.lease();
  try {
    if (hasRowKey(entry)) await settleKeys(entry, execution);
    else await shareKeys(entry, execution);
    await checkRequiredValues(entry, files, overlap, execution);
    await requireNewKeys(entry, files, overlap, execution);
    const append = isOwn ? appendVersion : appendToTransaction;
    return await whenFree(entry, execution, () => append(entry, request, execution));
  } catch (cause) {
    if (!(cause instanceof CoverageOverlapError)) throw cause;
    throw overlapError(cause, entry, execution.settings.text);
  } finally {
    lease.release();
  }
}

/** What others are about to insert is in the table, and in its coverage, or never will be. */
async function settleKeys(entry: TstableEntry, execution: Execution): Promise<void> {
  await lockKeys(entry, execution);
  await execution.services.intake.flush(entry.info.oid);
}

async function appendVersion(
  entry: TstableEntry,
  request: AppendRequest & { readonly operation: string },
  execution: Execution,
): Promise<Appended> {
  const { services, signal, processId } = execution;
  const hot = services.intake.table(entry.info.oid);
  const complete = { ...request, ...rowsOf(entry, request, undefined, execution) };
  const result = await appendPublished(hot, await claimantOf(execution), complete, signal);
  const commit = commitOf(result, request.operation, processId);
  if (commit !== undefined) notifyCommit(services.notifications, entry, commit);
  return { files: result.files, notices: result.isRepeated ? [repeatedNotice(request)] : [] };
}

function repeatedNotice({ idempotencyKey, operation = "APPEND" }: AppendRequest): ErrorFields {
  return {
    severity: "NOTICE",
    sqlState: "00000",
    message: `idempotency key "${idempotencyKey}" was committed before, skipping ${operation}`,
  };
}

async function appendToTransaction(
  entry: TstableEntry,
  request: AppendRequest,
  execution: Execution,
): Promise<Appended> {
  const { services, signal } = execution;
  const hot = services.intake.table(entry.info.oid);
  const claimant = await claimantOf(execution);
  const isReplacing = request.overlap === "replace" && request.isDryRun !== true;
  const replace = isReplacing ? await bucketReplacement(entry, execution) : undefined;
  const rows = rowsOf(entry, request, replace, execution);
  const pending = { ...request, ...rows, ...(replace !== undefined && { replace }) };
  const { files } = await appendPending(hot, claimant, pending, signal);
  return { files, notices: [] };
}

/** At GRAIN ROW, but under ALLOW. `replace`: what takes rows of the table out. */
function rowsOf(
  entry: TstableEntry,
  { overlap }: Pick<AppendRequest, "overlap">,
  replace: PendingReplace | undefined,
  execution: Execution,
): { readonly rows?: FileRows } {
  if (entry.definition.grain !== "row" || overlap === "allow") return {};
  if (entry.table.snapshot.meta.schema === undefined) {
    throw notBuilt("files of a table without columns at GRAIN ROW", "Use ON OVERLAP ALLOW.");
  }
  return { rows: new FileRows(entry, overlap, replace, execution) };
}
