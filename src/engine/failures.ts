/**
 * DuckDB's errors in PostgreSQL's words. DuckDB gives a text and no code, so this is the one file that
 * looks at message text. Errors of our own functions and of error() carry `PG:<sqlstate>:<message>`.
 */

import { SqlError } from "../base/errors.ts";
import { EngineError } from "./error.ts";

const OWN = /PG:([0-9A-Z]{5}):([\s\S]*)/;

const INTEGER_TYPES: Readonly<Record<string, string>> = {
  INT8: "smallint",
  UINT8: "smallint",
  INT16: "smallint",
  UINT16: "integer",
  INT32: "integer",
  UINT32: "bigint",
  INT64: "bigint",
  UINT64: "bigint",
};

type Rule = readonly [RegExp, (match: RegExpExecArray, cause: Error) => Error];

function sql(state: string, message: string): (_: RegExpExecArray, cause: Error) => SqlError {
  return (_, cause) => new SqlError(state, message, { cause });
}

function outOfRange(type: string | undefined, cause: Error): SqlError {
  const name = type === undefined ? undefined : INTEGER_TYPES[type];
  if (name !== undefined) return new SqlError("22003", `${name} out of range`, { cause });
  if (type === "INT128") return new SqlError("22003", "numeric field overflow", { cause });
  return new SqlError("22003", "value out of range", { cause });
}

/** In order: the first that matches the message's first line speaks. */
const RULES: readonly Rule[] = [
  [/^INTERRUPT Error/i, (_, cause) => cancelled(cause)],
  [/^Out of Memory Error/, (_, cause) => outOfMemory(cause)],
  [/No space left on device|max_temp_directory_size|ENOSPC/i, (_, cause) => diskFull(cause)],
  [/No files found that match the pattern "([^"]*)"|Cannot open file "([^"]*)"/, fileMissing],
  [/No magic bytes found|not a parquet file|Invalid Parquet|corrupt.*parquet/i, badFile],
  [/^(?:Invalid Input|Serialization|TProtocolException|Invalid).*parquet/i, badFile],
  [/don't have permission|Permission denied|Permission Error/i, permission],
  [/^IO Error: (.*)/, (match, cause) => ioError(match[1] ?? "", cause)],
  [/Overflow in \w+ of (\w+) /, (match, cause) => outOfRange(match[1], cause)],
  [/Overflow in .* of (?:DECIMAL|HUGEINT)/i, sql("22003", "numeric field overflow")],
  [/out of range for the destination type (\w+)/, (match, cause) => outOfRange(match[1], cause)],
  [/^Conversion Error: Could not cast value .* to DECIMAL/, sql("22003", "numeric field overflow")],
  [/Casting value .* to type DECIMAL/, sql("22003", "numeric field overflow")],
  [/More than one row returned by a subquery/, moreThanOneRow],
  [/(?:Date|date).*(?:out of range|overflow)/, sql("22008", "date out of range")],
  [/(?:timestamp|Epoch).*out of range|out of range.*TIMESTAMP/i, timestampRange],
  [/(?:interval|INTERVAL).*(?:out of range|overflow)/, sql("22008", "interval out of range")],
  [/Like pattern must not end with escape/i, likePattern],
  [
    /^Conversion Error: (?:Could not convert string|.*string).*(?:DATE|TIME|INTERVAL)/i,
    badDatetime,
  ],
  [/(?:invalid (?:date|timestamp) field|date field value out of range)/i, badDatetime],
  [/^Conversion Error: Could not convert string '([\s\S]*)' to (\w+)/, badText],
  [/^Conversion Error/, sql("22P02", "invalid input syntax")],
  [/[Dd]ivi(?:de|sion) by zero/, sql("22012", "division by zero")],
  [/^Out of Range Error/, (_, cause) => outOfRange(undefined, cause)],
  [/^Not implemented Error: (.*)/i, (match, cause) => notImplemented(match[1] ?? "", cause)],
];

function moreThanOneRow(_: RegExpExecArray, cause: Error): SqlError {
  const message = "more than one row returned by a subquery used as an expression";
  return new SqlError("21000", message, { cause });
}

function timestampRange(_: RegExpExecArray, cause: Error): SqlError {
  return new SqlError("22008", "timestamp out of range", { cause });
}

function likePattern(_: RegExpExecArray, cause: Error): SqlError {
  return new SqlError("22025", "LIKE pattern must not end with escape character", { cause });
}

function badDatetime(_: RegExpExecArray, cause: Error): SqlError {
  return new SqlError("22007", "invalid input syntax for a date or time", { cause });
}

function badText(match: RegExpExecArray, cause: Error): SqlError {
  const type = INTEGER_TYPES[match[2] ?? ""] ?? (match[2] ?? "").toLowerCase();
  const message = `invalid input syntax for type ${type}: "${match[1] ?? ""}"`;
  return new SqlError("22P02", message, { cause });
}

function notImplemented(what: string, cause: Error): SqlError {
  return new SqlError("0A000", `not supported: ${what}`, { cause });
}

function outOfMemory(cause: Error): EngineError {
  return new EngineError("out-of-memory", "out of memory", {
    detail: "The statement needs more memory than the engine may use.",
    cause,
  });
}

function diskFull(cause: Error): EngineError {
  return new EngineError("disk-full", "could not write to file: no space left on device", {
    cause,
  });
}

function ioError(message: string, cause: Error): EngineError {
  return new EngineError("io-error", `could not read or write a file: ${message}`, { cause });
}

function permission(_: RegExpExecArray, cause: Error): EngineError {
  return new EngineError("io-error", "could not access a file: permission denied", { cause });
}

function fileMissing(match: RegExpExecArray, cause: Error): EngineError {
  const path = match[1] ?? match[2] ?? "";
  const message = `could not open file "${path}": no such file or directory`;
  return new EngineError("file-missing", message, { cause });
}

function badFile(match: RegExpExecArray, cause: Error): EngineError {
  const path = /['"]([^'"]*)['"]/.exec(match.input)?.[1];
  const message = path === undefined ? "not a Parquet file" : `"${path}" is not a Parquet file`;
  return new EngineError("bad-file", message, { cause });
}

export function cancelled(cause?: unknown): EngineError {
  return new EngineError("cancelled", "canceling statement due to user request", { cause });
}

/** What the client or a caller should see for an error that came out of DuckDB. */
export function translateFailure(thrown: unknown): Error {
  if (thrown instanceof SqlError || thrown instanceof EngineError) return thrown;
  if (!(thrown instanceof Error)) return new Error(String(thrown));
  const own = OWN.exec(thrown.message);
  if (own !== null) return new SqlError(own[1] as string, own[2] as string, { cause: thrown });
  const [firstLine = ""] = thrown.message.split("\n");
  // A conversion error quotes the value, which may span lines.
  const text = firstLine.startsWith("Conversion Error") ? thrown.message : firstLine;
  for (const [pattern, make] of RULES) {
    const match = pattern.exec(text);
    if (match !== null) return make(match, thrown);
  }
  return thrown;
}
