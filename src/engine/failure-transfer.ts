/** Errors across threads: structured clone would keep neither class nor fields. */

import { AssertionError, type ErrorFields, SqlError } from "../base/errors.ts";
import { EngineError, type EngineReason } from "./error.ts";

/** `cause` is the original text, for the log only. */
export type Failure =
  | { readonly kind: "sql"; readonly fields: ErrorFields; readonly cause: string }
  | {
      readonly kind: "engine";
      readonly reason: EngineReason;
      readonly message: string;
      readonly detail: string | undefined;
      readonly hint: string | undefined;
      readonly cause: string;
    }
  | { readonly kind: "internal"; readonly message: string; readonly cause: string };

export function packFailure(error: unknown): Failure {
  const cause = error instanceof Error ? textOf(error.cause) : "";
  if (error instanceof SqlError) return { kind: "sql", fields: error.fields, cause };
  if (error instanceof EngineError) {
    const { reason, message, detail, hint } = error;
    return { kind: "engine", reason, message, detail, hint, cause };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { kind: "internal", message, cause: textOf(error) };
}

function textOf(error: unknown): string {
  if (error === undefined) return "";
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

export function unpackFailure(failure: Failure): Error {
  const cause = failure.cause === "" ? undefined : new Error(failure.cause);
  switch (failure.kind) {
    case "sql": {
      const { sqlState, message, ...more } = failure.fields;
      return new SqlError(sqlState, message, { ...more, cause });
    }
    case "engine": {
      const { reason, message, detail, hint } = failure;
      return new EngineError(reason, message, {
        ...(detail === undefined ? {} : { detail }),
        ...(hint === undefined ? {} : { hint }),
        cause,
      });
    }
    case "internal": {
      const error = new AssertionError(failure.message);
      error.cause = cause;
      return error;
    }
  }
}
