/**
 * DuckDB's errors in PostgreSQL's words. DuckDB gives a text and no code, so this is the one file
 * that looks at message text. Errors of our own functions and of error() carry
 * `PG:<sqlstate>:<message>`, and behind record separators their DETAIL and HINT.
 */

import { SqlError } from "../base/errors.ts";
import { EngineError } from "./error.ts";

// The separator is a control character so that no message can hold it.
// biome-ignore lint/suspicious/noControlCharactersInRegex: see above
const OWN = /PG:([0-9A-Z]{5}):([^\u001e]*)(?:\u001e([^\u001e]*))?(?:\u001e([\s\S]*))?/;

/** DuckDB's names of types in its messages. A UUID is read as an INT128. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  INT8: "smallint",
  UINT8: "smallint",
  INT16: "smallint",
  UINT16: "integer",
  INT32: "integer",
  UINT32: "bigint",
  INT64: "bigint",
  UINT64: "bigint",
  INT128: "uuid",
  BOOL: "boolean",
  FLOAT: "real",
  DOUBLE: "double precision",
  INTERVAL: "interval",
};

const SMALLER = "Let the statement sort, group and join fewer rows";

type Make = (match: RegExpExecArray, cause: Error) => Error;

function sql(sqlState: string, message: string): Make {
  return (_, cause) => new SqlError(sqlState, message, { cause });
}

/** The first pattern that matches speaks. `$` of a group is the offending value or type. */
const RULES: readonly (readonly [RegExp, Make])[] = [
  [/^INTERRUPT Error/i, (_, cause) => cancelled(cause)],
  [/^Binder Error: Max expression depth|^Parser Error:.*(?:depth|memory exhausted)/, tooDeep],
  [/No space left on device|ENOSPC/i, diskFull],
  [/failed to offload data block of size .*\/(\S+ \S+) used/i, temporaryLimit],
  [/^Out of Memory Error/, outOfMemory],
  [
    /No files found that match the pattern "([^"]*)"|Cannot open file "([^"]*)": No such/,
    fileMissing,
  ],
  [
    /No magic bytes found|too small to be a Parquet|Invalid Parquet|corrupt|TProtocolException/i,
    badFile,
  ],
  [/^(?:Invalid Input|Invalid|Serialization).*parquet/i, badFile],
  [/Permission Error|Permission denied|file system operations are disabled/i, permission],
  [/^IO Error: (.*)/, ioError],
  [
    /Overflow in .* of (?:DECIMAL|INT128|HUGEINT)|Overflow in HUGEINT/,
    sql("22003", "value overflows numeric format"),
  ],
  [/Overflow in \w+ of (\w+) /, (match, cause) => outOfRange(match[1], cause)],
  [/Overflow on abs\((-?\d+)\)/, (match, cause) => outOfRange(typeOfLeast(match[1] ?? ""), cause)],
  [/out of range for the destination type (\w+)/, (match, cause) => outOfRange(match[1], cause)],
  [/Could not cast value .* to DECIMAL\((\d+),(\d+)\)/, numericOverflow],
  [/Could not convert string "([\s\S]*)" to DECIMAL\((\d+),(\d+)\)/, badDecimal],
  [
    /More than one row returned by a subquery/,
    sql("21000", "more than one row returned by a subquery used as an expression"),
  ],
  [/Date out of range: (-?\d+)-(\d+)-(\d+)/, dateFields],
  [
    /date field value out of range: "([\s\S]*)"|timestamp field value out of range: "([\s\S]*)"/,
    fieldRange,
  ],
  [/invalid (date|timestamp|time) field format: "([\s\S]*?)", expected/, badDatetime],
  [/Date out of range/, sql("22008", "date out of range")],
  [
    /not in timestamp range|Epoch .* out of range|timestamp.*out of range/i,
    sql("22008", "timestamp out of range"),
  ],
  [/interval.*out of range|interval.*overflow/i, sql("22008", "interval out of range")],
  [
    /Like pattern must not end with escape/i,
    sql("22025", "LIKE pattern must not end with escape character"),
  ],
  [
    /cannot take square root of a negative number/,
    sql("2201F", "cannot take square root of a negative number"),
  ],
  [/cannot take logarithm of (zero|a negative number)/, logarithm],
  [/Unknown TimeZone '([^']*)'/, badZone],
  [/invalid UTF-?8/i, sql("22021", 'invalid byte sequence for encoding "UTF8"')],
  [/Could not convert string '([\s\S]*)' to (\w+)/, badText],
  [/[Dd]ivi(?:de|sion) by zero/, sql("22012", "division by zero")],
  [/^Out of Range Error/, (_, cause) => outOfRange(undefined, cause)],
  [/^Conversion Error/, sql("22P02", "invalid input syntax")],
  [/^Not implemented Error: (.*)/i, notImplemented],
];

function ownFailure([, sqlState = "", message = "", detail, hint]: RegExpExecArray, cause: Error) {
  return new SqlError(sqlState, message, {
    ...(detail && { detail }),
    ...(hint !== undefined && { hint }),
    cause,
  });
}

function outOfRange(type: string | undefined, cause: Error): SqlError {
  const name = TYPE_NAMES[type ?? ""] ?? "value";
  return new SqlError("22003", `${name} out of range`, { cause });
}

/** Which integer type has this as its least value. */
function typeOfLeast(value: string): string {
  if (value === "-32768") return "INT16";
  return value === "-2147483648" ? "INT32" : "INT64";
}

function numericOverflow(match: RegExpExecArray, cause: Error): SqlError {
  return fieldOverflow(Number(match[1]), Number(match[2]), cause);
}

function fieldOverflow(precision: number, scale: number, cause: Error): SqlError {
  const detail =
    `A field with precision ${precision}, scale ${scale} must round to an absolute value less ` +
    `than ${precision === scale ? "1" : `10^${precision - scale}`}.`;
  return new SqlError("22003", "numeric field overflow", { detail, cause });
}

function badDecimal(match: RegExpExecArray, cause: Error): SqlError {
  const text = match[1] ?? "";
  const isNumber = /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(text);
  if (isNumber) return fieldOverflow(Number(match[2]), Number(match[3]), cause);
  return new SqlError("22P02", `invalid input syntax for type numeric: "${text}"`, { cause });
}

function dateFields(match: RegExpExecArray, cause: Error): SqlError {
  const [year = "", month = "", day = ""] = match.slice(1);
  const fields = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  return new SqlError("22008", `date field value out of range: ${fields}`, { cause });
}

function fieldRange(match: RegExpExecArray, cause: Error): SqlError {
  const text = match[1] ?? match[2] ?? "";
  return new SqlError("22008", `date/time field value out of range: "${text}"`, { cause });
}

function badDatetime(match: RegExpExecArray, cause: Error): SqlError {
  const [type = "", text = ""] = match.slice(1);
  return new SqlError("22007", `invalid input syntax for type ${type}: "${text}"`, { cause });
}

function logarithm(match: RegExpExecArray, cause: Error): SqlError {
  return new SqlError("2201E", `cannot take logarithm of ${match[1] ?? "zero"}`, { cause });
}

function badZone(match: RegExpExecArray, cause: Error): SqlError {
  return new SqlError("22023", `time zone "${match[1] ?? ""}" not recognized`, { cause });
}

function badText(match: RegExpExecArray, cause: Error): SqlError {
  const [text = "", duckdbType = ""] = match.slice(1);
  const type = TYPE_NAMES[duckdbType] ?? duckdbType.toLowerCase();
  const sqlState = type === "interval" ? "22007" : "22P02";
  return new SqlError(sqlState, `invalid input syntax for type ${type}: "${text}"`, { cause });
}

function notImplemented(match: RegExpExecArray, cause: Error): SqlError {
  return new SqlError("0A000", `not supported: ${match[1] ?? ""}`, { cause });
}

function tooDeep(_: RegExpExecArray, cause: Error): SqlError {
  return new SqlError("54001", "stack depth limit exceeded", {
    hint: "The statement is nested too deeply. Use fewer levels of subqueries or expressions.",
    cause,
  });
}

function outOfMemory(_: RegExpExecArray, cause: Error): EngineError {
  const detail = "The statement needs more memory than the engine may use.";
  const hint = `${SMALLER}, or start the server with more --memory.`;
  return new EngineError("out-of-memory", "out of memory", { detail, hint, cause });
}

/** DuckDB's limit without a setting is nearly all that the disk has. */
function temporaryLimit(match: RegExpExecArray, cause: Error): EngineError {
  const message = `temporary file size exceeds the limit of ${match[1]}`;
  const detail = "What all statements have spilled counts.";
  const hint = `${SMALLER}, or start the server with more --temp-file-limit or a larger disk.`;
  return new EngineError("temporary-limit", message, { detail, hint, cause });
}

function diskFull(_: RegExpExecArray, cause: Error): EngineError {
  const message = "could not write to a temporary file: no space left on device";
  return new EngineError("disk-full", message, { cause });
}

function ioError(match: RegExpExecArray, cause: Error): EngineError {
  const message = `could not read or write a file: ${match[1] ?? ""}`;
  return new EngineError("io-error", message, { cause });
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
  if (own !== null) return ownFailure(own, thrown);
  const [firstLine = ""] = thrown.message.split("\n");
  // A conversion error quotes the value, which may span lines.
  const text = firstLine.startsWith("Conversion Error") ? thrown.message : firstLine;
  for (const [pattern, make] of RULES) {
    const match = pattern.exec(text);
    if (match !== null) return make(match, thrown);
  }
  return thrown;
}
