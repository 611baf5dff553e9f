/**
 * The two kinds of error a layer may throw on purpose.
 *
 * Layers that do not know SQL (storage, table, catalog, engine) throw a `ServerError` with a closed
 * reason; `session/sqlstate.ts` maps each reason to a SQLSTATE. Layers that speak PostgreSQL
 * (types, postgres, compile, session, wire) throw a `SqlError`, which already is what the client
 * will see.
 */

export interface ServerErrorDetails {
  readonly detail?: string;
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * A condition somebody may act on. `message` is in PostgreSQL's manner: lower case, no full stop.
 */
export class ServerError<Reason extends string = string> extends Error {
  readonly reason: Reason;
  readonly detail: string | undefined;
  readonly hint: string | undefined;

  constructor(reason: Reason, message: string, details: ServerErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.reason = reason;
    this.detail = details.detail;
    this.hint = details.hint;
  }
}

export type Severity =
  | "ERROR"
  | "FATAL"
  | "PANIC"
  | "WARNING"
  | "NOTICE"
  | "DEBUG"
  | "INFO"
  | "LOG";

/**
 * Fields of ErrorResponse and NoticeResponse;
 * https://www.postgresql.org/docs/current/protocol-error-fields.html
 */
export interface ErrorFields {
  readonly severity: Severity;
  readonly sqlState: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
  /** 1-based, in characters of the client's text. */
  readonly position?: number;
  readonly where?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly dataType?: string;
  readonly constraint?: string;
  /** PostgreSQL's function that raises it, only where clients ask for its name. */
  readonly routine?: string;
}

/** An error in the client's words: it carries its SQLSTATE. */
export class SqlError extends Error {
  readonly fields: ErrorFields;

  constructor(
    sqlState: string,
    message: string,
    more: Partial<Omit<ErrorFields, "sqlState" | "message">> & { readonly cause?: unknown } = {},
  ) {
    const { cause, ...fields } = more;
    super(message, cause === undefined ? undefined : { cause });
    this.name = "SqlError";
    this.fields = { severity: "ERROR", ...fields, sqlState, message };
  }
}

/** A broken invariant of ours: ends the statement with XX000 and is logged with its stack. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

export function assert(condition: unknown, message: string | (() => string)): asserts condition {
  if (!condition) throw new AssertionError(typeof message === "string" ? message : message());
}

/** Ends a switch over a closed union; a missing case does not compile. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`);
}
