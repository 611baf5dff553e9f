/** Which options of COPY go together: PostgreSQL's checks in PostgreSQL's order, then ours. */

import { SqlError } from "../../base/errors.ts";
import type { CopyOptions, Direction } from "./options.ts";

/** @throws SqlError 0A000, 42601, 22023 */
export function checkOptions(options: CopyOptions, direction: Direction): void {
  if (["parquet", "arrow", "json"].includes(options.format)) checkColumnar(options);
  checkOurs(options, direction);
  checkFolder(options);
  checkBinary(options);
  checkDelimiter(options);
  checkCsvMarks(options);
  checkForced(options, direction);
  checkNull(options);
  if (options.freeze && direction === "to") {
    throw new SqlError("22023", "COPY FREEZE cannot be used with COPY TO");
  }
  checkDefault(options, direction);
  if (options.format === "binary" && options.onError === "ignore") {
    throw new SqlError("42601", "only ON_ERROR STOP is allowed in BINARY mode");
  }
  if (options.rejectLimit !== undefined && options.onError !== "ignore") {
    throw new SqlError("22023", "COPY REJECT_LIMIT requires ON_ERROR to be set to IGNORE");
  }
}

function checkBinary({ format, delimiter, nullText, defaultText }: CopyOptions): void {
  if (format !== "binary") return;
  const given = [
    ["DELIMITER", delimiter],
    ["NULL", nullText],
    ["DEFAULT", defaultText],
  ] as const;
  for (const [name, value] of given) {
    if (value !== undefined) {
      throw new SqlError("42601", `cannot specify ${name} in BINARY mode`);
    }
  }
}

export function delimiterOf({ format, delimiter }: CopyOptions): string {
  return delimiter ?? (format === "csv" ? "," : "\t");
}

export function nullTextOf({ format, nullText }: CopyOptions): string {
  return nullText ?? (format === "csv" ? "" : "\\N");
}

const LINE_END = /[\r\n]/;

function checkDelimiter(options: CopyOptions): void {
  const delimiter = delimiterOf(options);
  if (Buffer.byteLength(delimiter) !== 1) {
    throw new SqlError("0A000", "COPY delimiter must be a single one-byte character");
  }
  if (LINE_END.test(delimiter)) {
    throw new SqlError("22023", "COPY delimiter cannot be newline or carriage return");
  }
  for (const [name, text] of [
    ["null", options.nullText],
    ["default", options.defaultText],
  ] as const) {
    if (text !== undefined && LINE_END.test(text)) {
      throw new SqlError(
        "22023",
        `COPY ${name} representation cannot use newline or carriage return`,
      );
    }
  }
  if (options.format !== "csv" && /[\\.a-z0-9]/.test(delimiter)) {
    throw new SqlError("22023", `COPY delimiter cannot be "${delimiter}"`);
  }
  if (options.format === "binary" && options.header !== undefined && options.header !== "none") {
    throw new SqlError("0A000", "cannot specify HEADER in BINARY mode");
  }
}

function checkCsvMarks(options: CopyOptions): void {
  const isCsv = options.format === "csv";
  for (const name of ["quote", "escape"] as const) {
    const mark = options[name];
    if (!isCsv && mark !== undefined) {
      throw new SqlError("0A000", `COPY ${name.toUpperCase()} requires CSV mode`);
    }
    if (isCsv && mark !== undefined && Buffer.byteLength(mark) !== 1) {
      throw new SqlError("0A000", `COPY ${name} must be a single one-byte character`);
    }
    if (isCsv && name === "quote" && delimiterOf(options) === (mark ?? '"')) {
      throw new SqlError("22023", "COPY delimiter and quote must be different");
    }
  }
}

function checkForced(options: CopyOptions, direction: Direction): void {
  const choices = [
    ["FORCE_QUOTE", options.forceQuote, "to", "0A000"],
    ["FORCE_NOT_NULL", options.forceNotNull, "from", "22023"],
    ["FORCE_NULL", options.forceNull, "from", "22023"],
  ] as const;
  for (const [name, columns, way, sqlState] of choices) {
    if (columns === undefined) continue;
    if (options.format !== "csv") throw new SqlError("0A000", `COPY ${name} requires CSV mode`);
    if (way !== direction) {
      const other = direction === "to" ? "COPY TO" : "COPY FROM";
      throw new SqlError(sqlState, `COPY ${name} cannot be used with ${other}`);
    }
  }
}

function checkNull(options: CopyOptions): void {
  const { format, quote = '"' } = options;
  if (format === "binary") return;
  const nullText = nullTextOf(options);
  if (nullText.includes(delimiterOf(options))) {
    throw new SqlError(
      "22023",
      "COPY delimiter character must not appear in the NULL specification",
    );
  }
  if (format === "csv" && nullText.includes(quote)) {
    throw new SqlError("22023", "CSV quote character must not appear in the NULL specification");
  }
}

function checkDefault(options: CopyOptions, direction: Direction): void {
  const { format, defaultText, quote = '"' } = options;
  if (defaultText === undefined) return;
  const refuse = (message: string): never => {
    throw new SqlError("0A000", message);
  };
  if (direction === "to") refuse("COPY DEFAULT cannot be used with COPY TO");
  if (defaultText.includes(delimiterOf(options))) {
    refuse("COPY delimiter character must not appear in the DEFAULT specification");
  }
  if (format === "csv" && defaultText.includes(quote)) {
    refuse("CSV quote character must not appear in the DEFAULT specification");
  }
  if (defaultText === nullTextOf(options)) {
    refuse("NULL specification and DEFAULT specification cannot be the same");
  }
}

/** Formats of whole files have none of the options of lines. */
function checkColumnar(options: CopyOptions): void {
  const given = [
    ["DELIMITER", options.delimiter],
    ["NULL", options.nullText],
    ["DEFAULT", options.defaultText],
    ["HEADER", options.header],
    ["ENCODING", options.format === "json" ? undefined : options.encoding],
    ["ON_ERROR", options.onError],
  ] as const;
  for (const [name, value] of given) {
    if (value === undefined) continue;
    const where = options.format === "json" ? "in JSON mode" : `with FORMAT ${options.format}`;
    throw new SqlError("42601", `cannot specify ${name} ${where}`);
  }
}

function checkOurs(options: CopyOptions, direction: Direction): void {
  const isFile = options.format === "parquet" || options.format === "arrow";
  const isTo = direction === "to";
  const given = [
    ["OVERLAP", options.overlap, direction === "from"],
    ["IDEMPOTENCY_KEY", options.idempotencyKey, direction === "from"],
    ["MESSAGE", options.message, direction === "from"],
    ["COMPRESSION", options.compression, isTo && isFile],
    ["ROW_GROUP_ROWS", options.rowGroupRows, isTo && options.format === "parquet"],
    ["START", options.start, isTo],
    ["FINISH", options.finish, isTo],
    ["PARTITION_BY", options.partitionBy, isTo && options.format !== "arrow"],
    ["TIME_FOLDERS", options.timeFolders, isTo && options.format !== "arrow"],
    ["INCREMENTAL", options.incremental ? true : undefined, isTo],
  ] as const;
  for (const [name, value, isAllowed] of given) {
    if (value === undefined || isAllowed) continue;
    const what = isTo ? "COPY TO" : "COPY FROM";
    const format = ` with FORMAT ${options.format}`;
    throw new SqlError("42601", `cannot specify ${name} in ${what}${format}`);
  }
}

function checkFolder({ format, incremental, timeFolders, forceArray }: CopyOptions): void {
  if (forceArray !== undefined && format !== "json") {
    throw new SqlError("22023", "COPY FORCE_ARRAY can only be used with JSON mode");
  }
  if (!incremental || timeFolders !== undefined) return;
  throw new SqlError("42601", "COPY INCREMENTAL requires TIME_FOLDERS");
}
