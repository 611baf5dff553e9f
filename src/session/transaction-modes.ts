/** How a transaction may read and write, and what a command about it answers. */

import { type ErrorFields, SqlError } from "../base/errors.ts";

export type IsolationLevel =
  | "read uncommitted"
  | "read committed"
  | "repeatable read"
  | "serializable";

export interface TransactionModes {
  readonly isolation?: IsolationLevel;
  readonly readOnly?: boolean;
  readonly deferrable?: boolean;
}

export interface CommandOutcome {
  readonly tag: string;
  readonly notices: readonly ErrorFields[];
}

/** With a WARNING: there was nothing to do. */
export function warned(tag: string, sqlState: string, message: string): CommandOutcome {
  return { tag, notices: [{ severity: "WARNING", sqlState, message }] };
}

export function blockHasFailed(): SqlError {
  return new SqlError(
    "25P02",
    "current transaction is aborted, commands ignored until end of transaction block",
  );
}
