/**
 * The one place where a layer's reason becomes a SQLSTATE; a reason without one does not compile.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */

import { AssertionError, ServerError, SqlError } from "../base/errors.ts";
import { log } from "../base/telemetry.ts";
import { CatalogError, type CatalogReason } from "../catalog/error.ts";
import { EngineError, type EngineReason } from "../engine/error.ts";
import { StorageError, type StorageReason } from "../storage/error.ts";
import { StoreError, type StoreReason } from "../table/error.ts";

const STORE = {
  "no-table": "58P01",
  "table-exists": "42P07",
  "table-locked": "55006",
  "bad-definition": "42P16",
  "log-corrupt": "XX001",
  "unsupported-format": "0A000",
  unsupported: "0A000",
  "unfinished-commit": "55000",
  "version-taken": "40001",
  "snapshot-gone": "22023",
  "coverage-overlap": "23P01",
  "unreadable-coverage": "XX001",
  "schema-mismatch": "42804",
  "extra-column": "42703",
  "missing-column": "42703",
  "null-time": "23502",
  "null-entity": "23502",
  "bad-file": "22P04",
  "file-missing": "58P01",
  "invalid-range": "22023",
  "flush-failed": "55000",
} satisfies Record<StoreReason, string>;

const ENGINE = {
  cancelled: "57014",
  "out-of-memory": "53200",
  "disk-full": "53100",
  "temporary-limit": "53400",
  "io-error": "58030",
  "file-missing": "58P01",
  "bad-file": "22P04",
  "time-column-type": "42804",
  "entity-column-type": "42804",
  "folder-locked": "55006",
  "too-many-cursors": "53400",
  "engine-stopped": "57P02",
} satisfies Record<EngineReason, string>;

const STORAGE = {
  "not-found": "58P01",
  "disk-full": "53100",
  "not-permitted": "42501",
  "too-many-open-files": "53000",
  "outcome-unknown": "40003",
  "io-error": "58030",
} satisfies Record<StorageReason, string>;

const CATALOG = {
  "journal-corrupt": "XX001",
  "journal-taken": "55000",
} satisfies Record<CatalogReason, string>;

const TOO_DEEP =
  "The statement is nested too deeply. Use fewer levels of subqueries or expressions.";

/**
 * Any error in the client's terms. `stopped` is why the statement was asked to stop, if it was:
 * then whatever it failed with is a consequence.
 */
export function reportable(cause: unknown, stopped: SqlError | undefined): SqlError {
  if (stopped !== undefined && isConsequence(cause)) return stopped;
  if (cause instanceof SqlError) return cause;
  if (cause instanceof StoreError) return translated(cause, STORE[cause.reason]);
  if (cause instanceof EngineError) return translated(cause, ENGINE[cause.reason]);
  if (cause instanceof CatalogError) return translated(cause, CATALOG[cause.reason]);
  if (cause instanceof StorageError) return translated(cause, STORAGE[cause.reason]);
  if (cause instanceof RangeError && cause.message.startsWith("Maximum call stack")) {
    return new SqlError("54001", "stack depth limit exceeded", { hint: TOO_DEEP, cause });
  }
  log("error", "internal error", { cause, isBug: cause instanceof AssertionError });
  return new SqlError("XX000", "internal error", {
    hint: "The server's log has the details.",
    cause,
  });
}

function isConsequence(cause: unknown): boolean {
  if (cause instanceof EngineError) return cause.reason === "cancelled";
  if (cause instanceof SqlError) return cause.fields.sqlState === "57014";
  return !(cause instanceof ServerError);
}

function translated(cause: ServerError, sqlState: string): SqlError {
  return new SqlError(sqlState, cause.message, {
    ...(cause.detail === undefined ? {} : { detail: cause.detail }),
    ...(cause.hint === undefined ? {} : { hint: cause.hint }),
    cause,
  });
}
