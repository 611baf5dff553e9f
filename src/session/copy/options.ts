/** The options of a COPY statement as PostgreSQL's parser gives them, read in order as it does. */

import { SqlError } from "../../base/errors.ts";
import type { NodeObject, NodeValue } from "../../compile/node-text.ts";
import type { StatementText } from "../../compile/split.ts";
import type { CopyEncoding } from "../../types/copy/format.ts";
import { parseInteger } from "../../types/scalars.ts";
import { encodingOf } from "./encoding-names.ts";
import { checkOptions } from "./option-checks.ts";
import { OWN_READERS } from "./own-options.ts";

export type FormatName = "text" | "csv" | "binary" | "parquet" | "arrow" | "json";

/** All columns, or those named. */
export type ColumnChoice = "all" | readonly string[];

export interface CopyOptions {
  readonly format: FormatName;
  readonly freeze: boolean;
  readonly delimiter: string | undefined;
  readonly nullText: string | undefined;
  readonly defaultText: string | undefined;
  readonly header: "none" | "names" | "match" | undefined;
  readonly quote: string | undefined;
  readonly escape: string | undefined;
  readonly forceQuote: ColumnChoice | undefined;
  readonly forceNotNull: ColumnChoice | undefined;
  readonly forceNull: ColumnChoice | undefined;
  readonly onError: "stop" | "ignore" | undefined;
  readonly rejectLimit: bigint | undefined;
  readonly logVerbosity: "silent" | "default" | "verbose";
  readonly encoding: CopyEncoding | undefined;
  /** Ours from here on. */
  readonly overlap: "reject" | "skip" | "replace" | "allow" | undefined;
  readonly idempotencyKey: string | undefined;
  readonly message: string | undefined;
  readonly compression: string | undefined;
  readonly rowGroupRows: number | undefined;
  /** A half-open range of the time column, as text. */
  readonly start: string | undefined;
  readonly finish: string | undefined;
  /** The file's name is that of a folder, of files in folders. */
  readonly partitionBy: readonly string[] | undefined;
  readonly timeFolders: number | undefined;
  readonly incremental: boolean;
  /** Of FORMAT json; PostgreSQL 19's. */
  readonly forceArray: boolean | undefined;
}

export type Direction = "from" | "to";

const FORMATS: readonly string[] = ["text", "csv", "binary", "parquet", "arrow", "json"];
/** Formats that PostgreSQL does not have, and the way they go. */
const OURS: Readonly<Record<string, readonly Direction[]>> = {
  parquet: ["from", "to"],
  arrow: ["from", "to"],
  json: ["to"],
};

/**
 * @param list `options` of a COPYSTMT
 * @throws SqlError as PostgreSQL 18: 42601, 22023, 0A000, 22P02
 */
export function readOptions(
  list: NodeValue | undefined,
  direction: Direction,
  statement: StatementText,
): CopyOptions {
  const reader = new OptionReader(direction, statement);
  for (const item of Array.isArray(list) ? list : []) reader.take(item as NodeObject);
  checkOptions(reader.options, direction);
  return reader.options;
}

type Mutable = { -readonly [Key in keyof CopyOptions]: CopyOptions[Key] };

export class OptionReader {
  readonly options: Mutable = {
    format: "text",
    freeze: false,
    delimiter: undefined,
    nullText: undefined,
    defaultText: undefined,
    header: undefined,
    quote: undefined,
    escape: undefined,
    forceQuote: undefined,
    forceNotNull: undefined,
    forceNull: undefined,
    onError: undefined,
    rejectLimit: undefined,
    logVerbosity: "default",
    encoding: undefined,
    overlap: undefined,
    idempotencyKey: undefined,
    message: undefined,
    compression: undefined,
    rowGroupRows: undefined,
    start: undefined,
    finish: undefined,
    partitionBy: undefined,
    timeFolders: undefined,
    incremental: false,
    forceArray: undefined,
  };
  readonly #direction: Direction;
  readonly #statement: StatementText;
  readonly #seen = new Set<string>();

  constructor(direction: Direction, statement: StatementText) {
    this.#direction = direction;
    this.#statement = statement;
  }

  take(item: NodeObject): void {
    const name = String(item["defname"]);
    const read = READERS[name];
    if (read === undefined) {
      throw this.error(item, "42601", `option "${name}" not recognized`);
    }
    if (this.#seen.has(name)) throw this.error(item, "42601", "conflicting or redundant options");
    this.#seen.add(name);
    read(this, item);
  }

  get direction(): Direction {
    return this.#direction;
  }

  /** The argument as text. @throws SqlError 42601 without one */
  text(item: NodeObject): string {
    const arg = item["arg"];
    if (arg === null || arg === undefined) {
      throw new SqlError("42601", `${String(item["defname"])} requires a parameter`);
    }
    if (Array.isArray(arg) || typeof arg === "object") return "";
    const text = String(arg);
    // A blank in the printed tree may have been a line feed.
    return text.includes(" ") ? (this.#literal(item) ?? text) : text;
  }

  /** @throws SqlError 42601 */
  boolean(item: NodeObject): boolean {
    const value = booleanOf(item["arg"]);
    if (value !== undefined) return value;
    throw new SqlError("42601", `${String(item["defname"])} requires a Boolean value`);
  }

  columns(item: NodeObject): ColumnChoice {
    const arg = item["arg"];
    if (typeof arg === "object" && arg !== null && "tag" in arg) return "all";
    if (Array.isArray(arg)) return arg.map(String);
    const name = String(item["defname"]);
    throw this.error(item, "22023", `argument to option "${name}" must be a list of column names`);
  }

  error(item: NodeObject, sqlState: string, message: string): SqlError {
    const before = this.#text.subarray(0, this.#location(item)).toString();
    return new SqlError(sqlState, message, { position: [...before].length + 1 });
  }

  /** The literal as the statement has it. */
  #literal(item: NodeObject): string | undefined {
    const { length } = this.#text.subarray(0, this.#location(item)).toString();
    return this.#statement.tokens.find(({ kind, start }) => kind === "string" && start >= length)
      ?.value;
  }

  get #text(): Buffer {
    return Buffer.from(this.#statement.text);
  }

  #location(item: NodeObject): number {
    return Math.max(0, Number(item["location"]));
  }
}

function booleanOf(arg: NodeValue | undefined): boolean | undefined {
  if (arg === null || arg === undefined) return true;
  if (typeof arg === "boolean") return arg;
  const text = String(arg).toLowerCase();
  if (arg === 1 || text === "true" || text === "on") return true;
  return arg === 0 || text === "false" || text === "off" ? false : undefined;
}

export type Read = (reader: OptionReader, item: NodeObject) => void;

const READERS: Readonly<Record<string, Read>> = {
  format: readFormat,
  freeze: (reader, item) => {
    reader.options.freeze = reader.boolean(item);
  },
  delimiter: (reader, item) => {
    reader.options.delimiter = reader.text(item);
  },
  null: (reader, item) => {
    reader.options.nullText = reader.text(item);
  },
  default: (reader, item) => {
    reader.options.defaultText = reader.text(item);
  },
  header: readHeader,
  quote: (reader, item) => {
    reader.options.quote = reader.text(item);
  },
  escape: (reader, item) => {
    reader.options.escape = reader.text(item);
  },
  force_quote: (reader, item) => {
    reader.options.forceQuote = reader.columns(item);
  },
  force_not_null: (reader, item) => {
    reader.options.forceNotNull = reader.columns(item);
  },
  force_null: (reader, item) => {
    reader.options.forceNull = reader.columns(item);
  },
  encoding: readEncoding,
  on_error: readOnError,
  reject_limit: readRejectLimit,
  log_verbosity: (reader, item) => {
    const word = reader.text(item).toLowerCase();
    if (word !== "silent" && word !== "default" && word !== "verbose") {
      throw reader.error(item, "22023", `COPY LOG_VERBOSITY "${reader.text(item)}" not recognized`);
    }
    reader.options.logVerbosity = word;
  },
  ...OWN_READERS,
};

function readFormat(reader: OptionReader, item: NodeObject): void {
  const name = reader.text(item);
  const ways = OURS[name];
  if (!FORMATS.includes(name) || (ways !== undefined && !ways.includes(reader.direction))) {
    throw reader.error(item, "22023", `COPY format "${name}" not recognized`);
  }
  reader.options.format = name as FormatName;
}

function readHeader(reader: OptionReader, item: NodeObject): void {
  const value = booleanOf(item["arg"]);
  if (value !== undefined) {
    reader.options.header = value ? "names" : "none";
    return;
  }
  if (String(item["arg"]).toLowerCase() !== "match") {
    throw new SqlError("42601", 'header requires a Boolean value or "match"');
  }
  if (reader.direction === "to") {
    throw new SqlError("0A000", 'cannot use "match" with HEADER in COPY TO');
  }
  reader.options.header = "match";
}

function readEncoding(reader: OptionReader, item: NodeObject): void {
  const name = typeof item["arg"] === "number" ? String(item["arg"]) : reader.text(item);
  const encoding = encodingOf(name);
  if (encoding === undefined) {
    const message = 'argument to option "encoding" must be a valid encoding name';
    throw reader.error(item, "22023", message);
  }
  reader.options.encoding = encoding;
}

function readOnError(reader: OptionReader, item: NodeObject): void {
  const word = reader.text(item);
  if (reader.direction === "to") {
    throw reader.error(item, "22023", "COPY ON_ERROR cannot be used with COPY TO");
  }
  const folded = word.toLowerCase();
  if (folded !== "stop" && folded !== "ignore") {
    throw reader.error(item, "22023", `COPY ON_ERROR "${word}" not recognized`);
  }
  reader.options.onError = folded;
}

function readRejectLimit(reader: OptionReader, item: NodeObject): void {
  const limit = parseInteger(reader.text(item), "bigint", 64);
  if (limit <= 0n) {
    throw new SqlError("22023", `REJECT_LIMIT (${limit}) must be greater than zero`);
  }
  reader.options.rejectLimit = limit;
}
