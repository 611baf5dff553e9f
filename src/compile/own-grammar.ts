/**
 * CREATE TSTABLE, DROP TSTABLE, APPEND PARQUET, FLUSH and OPTIMIZE TSTABLE, read from PostgreSQL's
 * tokens. All other SQL is PostgreSQL's to read. What of ours is not built is refused here by name.
 */

import { SqlError } from "../base/errors.ts";
import type {
  AppendParquet,
  CreateTstable,
  DropTstable,
  Flush,
  OptimizeTstable,
  OverlapPolicy,
  OwnStatement,
  QualifiedName,
  TstableOptions,
  TstableSource,
} from "./own-statements.ts";
import type { StatementText } from "./split.ts";
import { TokenReader } from "./token-reader.ts";

const OVERLAP_POLICIES = ["reject", "skip", "replace", "allow"] as const;

/** Verbs of ours that later versions bring, by their first words. */
const NOT_BUILT: readonly (readonly string[])[] = [
  ["alter", "tstable"],
  ["restore"],
  ["repair"],
  ["refresh", "tstable"],
  ["check", "tstable"],
];

const OWN: readonly (readonly string[])[] = [
  ["create", "tstable"],
  ["drop", "tstable"],
  ["append", "parquet"],
  ["flush"],
  ["optimize"],
  ...NOT_BUILT,
];

/**
 * undefined: not a verb of ours.
 * @throws SqlError 42601 with a position, 0A000 for what is not built.
 */
export function parseOwnStatement(statement: StatementText): OwnStatement | undefined {
  const reader = new TokenReader(statement.text, statement.tokens);
  if (reader.takes("create", "tstable")) return createTstable(reader);
  if (reader.takes("drop", "tstable")) return dropTstable(reader);
  if (reader.takes("append", "parquet")) return appendParquet(reader);
  if (reader.takes("flush")) return flush(reader);
  if (reader.takes("optimize")) return optimizeTstable(reader);
  for (const words of NOT_BUILT) {
    if (reader.takes(...words)) throw notBuilt(words.join(" ").toUpperCase());
  }
  return undefined;
}

/** By its first words: the rest may be wrong. */
export function isOwnStatement(statement: StatementText): boolean {
  const reader = new TokenReader(statement.text, statement.tokens);
  return OWN.some((words) => reader.takes(...words));
}

function flush(reader: TokenReader): Flush {
  const table = qualifiedName(reader);
  reader.end();
  return { kind: "flush", table };
}

function optimizeTstable(reader: TokenReader): OptimizeTstable {
  reader.takes("tstable");
  const table = qualifiedName(reader);
  let isDryRun = false;
  let targetBytes: number | undefined;
  while (!reader.isAtEnd) {
    if (reader.takes("merge")) continue;
    if (reader.takes("dry", "run")) isDryRun = true;
    else if (reader.takes("target")) targetBytes = size(reader);
    else {
      for (const clause of ["from", "entity", "split"]) {
        if (reader.takes(clause)) throw notBuilt(`OPTIMIZE ... ${clause.toUpperCase()}`);
      }
      reader.fail();
    }
  }
  return {
    kind: "optimize-tstable",
    table,
    isDryRun,
    ...(targetBytes !== undefined && { targetBytes }),
  };
}

const UNITS = { kb: 2 ** 10, mb: 2 ** 20, gb: 2 ** 30 } as const;
const TARGET_BYTES_MAX = 2 ** 30;

/** @throws SqlError 22023 */
function size(reader: TokenReader): number {
  const text = reader.string();
  const [, number, unit = ""] = /^ *(\d{1,9}) *(kB|MB|GB) *$/i.exec(text) ?? [];
  const bytes = Number(number) * (UNITS[unit.toLowerCase() as keyof typeof UNITS] ?? Number.NaN);
  if (bytes > 0 && bytes <= TARGET_BYTES_MAX) return bytes;
  throw new SqlError("22023", `invalid size of segments: "${text}"`, {
    hint: "Sizes are like '512 kB', '32 MB', and at most '1 GB'.",
  });
}

function createTstable(reader: TokenReader): CreateTstable {
  const ifNotExists = reader.takes("if", "not", "exists");
  const table = qualifiedName(reader);
  const before = tstableOptions(reader);
  const source = tstableSource(reader);
  const after = tstableOptions(reader);
  reader.end();
  return { kind: "create-tstable", table, ifNotExists, source, options: { ...before, ...after } };
}

function tstableSource(reader: TokenReader): TstableSource {
  if (reader.takes("like", "parquet")) return { kind: "parquet", pattern: reader.string() };
  if (reader.takes("from")) return { kind: "directory", path: reader.string() };
  if (reader.takes("as")) return { kind: "query", ...reader.until(beginsOptions) };
  const next = reader.peek;
  if (next?.kind !== "symbol" || next.value !== "(") return reader.fail();
  return { kind: "columns", ...reader.balanced() };
}

/** The options that follow, in any order; ends at the first word that begins none. */
function tstableOptions(reader: TokenReader): TstableOptions {
  let options: TstableOptions = {};
  for (;;) {
    const option = tstableOption(reader);
    if (option === undefined) return options;
    options = { ...options, ...option };
  }
}

/** The clauses behind a query: what follows reads as options up to the end. */
function beginsOptions(reader: TokenReader): boolean {
  try {
    tstableOptions(reader);
    return reader.isAtEnd;
  } catch (cause) {
    if (cause instanceof SqlError) return false;
    throw cause;
  }
}

function tstableOption(reader: TokenReader): TstableOptions | undefined {
  if (reader.takes("time", "column")) {
    return reader.takes("auto") ? {} : { timeColumn: reader.identifier() };
  }
  if (reader.takes("no", "entity")) return { entityColumns: [] };
  if (reader.takes("entity")) {
    return { entityColumns: reader.parenthesised(() => reader.identifier()) };
  }
  if (reader.takes("bucket")) {
    return { bucket: reader.peek?.kind === "number" ? reader.integer() : reader.string() };
  }
  if (reader.takes("timezone")) return { timeZone: reader.string() };
  if (reader.takes("on", "overlap")) {
    const overlap = reader.oneOf(OVERLAP_POLICIES);
    return reader.takes("grain")
      ? { overlap, grain: reader.oneOf(["auto", "bucket", "row"]) }
      : { overlap };
  }
  if (reader.takes("grain")) return { grain: reader.oneOf(["auto", "bucket", "row"]) };
  if (reader.takes("compression")) return { compression: compression(reader) };
  for (const clause of ["partition", "sort", "retain", "location", "with"]) {
    if (reader.takes(clause)) throw notBuilt(`CREATE TSTABLE ... ${clause.toUpperCase()}`);
  }
  return undefined;
}

function compression(reader: TokenReader): string {
  const codec = reader.oneOf(["zstd", "snappy", "lz4", "none"]);
  if (codec !== "zstd" || !reader.takesSymbol("(")) return codec;
  const level = reader.integer();
  if (level < 1n || level > 22n) {
    throw new SqlError("22023", `compression level ${level} is out of range`, {
      hint: "ZSTD levels go from 1 to 22.",
    });
  }
  reader.expectSymbol(")");
  return `zstd(${level})`;
}

function dropTstable(reader: TokenReader): DropTstable {
  const ifExists = reader.takes("if", "exists");
  const tables = [qualifiedName(reader)];
  while (reader.takesSymbol(",")) tables.push(qualifiedName(reader));
  const isCascade = reader.takes("cascade");
  if (!isCascade) reader.takes("restrict");
  const keepFiles = reader.takes("keep", "files");
  reader.end();
  return { kind: "drop-tstable", tables, ifExists, isCascade, keepFiles };
}

function appendParquet(reader: TokenReader): AppendParquet {
  const patterns = parquetSources(reader);
  reader.expect("into");
  const table = qualifiedName(reader);
  let overlap: OverlapPolicy | undefined;
  let isDryRun = false;
  let options: AppendOptions = {};
  while (!reader.isAtEnd) {
    if (reader.takes("on", "overlap")) overlap = reader.oneOf(OVERLAP_POLICIES);
    else if (reader.takes("dry", "run")) isDryRun = true;
    else if (reader.takes("match", "by")) matchBy(reader);
    else if (reader.takes("mode")) mode(reader);
    else if (reader.takes("with")) options = appendOptions(reader);
    else reader.fail();
  }
  return {
    kind: "append-parquet",
    patterns,
    table,
    isDryRun,
    ...(overlap === undefined ? {} : { overlap }),
    ...options,
  };
}

function parquetSources(reader: TokenReader): string[] {
  if (!reader.takes("array")) return [reader.string()];
  reader.expectSymbol("[");
  const sources = [reader.string()];
  while (reader.takesSymbol(",")) sources.push(reader.string());
  reader.expectSymbol("]");
  return sources;
}

function matchBy(reader: TokenReader): void {
  if (reader.oneOf(["name", "position"]) === "position") throw notBuilt("MATCH BY POSITION");
}

function mode(reader: TokenReader): void {
  const word = reader.oneOf(["copy", "adopt", "move", "rewrite"]);
  if (word !== "copy") throw notBuilt(`MODE ${word.toUpperCase()}`, "Use MODE COPY, the default.");
}

type AppendOptions = Pick<AppendParquet, "message" | "idempotencyKey">;

/** `WITH (message = '...', idempotency_key = '...')` */
function appendOptions(reader: TokenReader): AppendOptions {
  let options: AppendOptions = {};
  reader.parenthesised(() => {
    const key = reader.identifier();
    reader.expectSymbol("=");
    if (key === "message") options = { ...options, message: reader.string() };
    else if (key === "max_parallel") reader.integer();
    else if (key === "idempotency_key") {
      options = { ...options, idempotencyKey: reader.string() };
    } else throw new SqlError("42704", `unrecognized APPEND option "${key}"`);
  });
  return options;
}

function qualifiedName(reader: TokenReader): QualifiedName {
  const first = reader.identifier();
  if (!reader.takesSymbol(".")) return { schema: undefined, name: first };
  return { schema: first, name: reader.identifier() };
}

function notBuilt(what: string, hint?: string): SqlError {
  return new SqlError("0A000", `${what} is not supported yet`, hint === undefined ? {} : { hint });
}
