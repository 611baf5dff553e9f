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

/** SET TRANSACTION, once a query has taken its snapshot. @throws SqlError 25001 */
export function refuseLateModes(
  modes: TransactionModes,
  now: { readonly isolation: IsolationLevel; readonly isReadOnly: boolean },
): void {
  if (modes.isolation !== undefined && modes.isolation !== now.isolation) {
    throw new SqlError("25001", "SET TRANSACTION ISOLATION LEVEL must be called before any query");
  }
  if (modes.readOnly === false && now.isReadOnly) {
    throw new SqlError("25001", "transaction read-write mode must be set before any query");
  }
}

/** @throws SqlError 25P01 */
export function requireBlock(isInBlock: boolean, what: string): void {
  if (isInBlock) return;
  throw new SqlError("25P01", `${what} can only be used in transaction blocks`);
}
