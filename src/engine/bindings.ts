/**
 * The SQL that stands for a relation of a statement: exactly the pruned segments of a table, each
 * column in the DuckDB type that its PostgreSQL type has (architecture 4), whatever the files hold.
 * Pure: text out of data. A column that needs no change stays a bare name, so that filters on it
 * reach the Parquet reader.
 */

import { SqlError } from "../base/errors.ts";
import { elementOidOf, Oid, typeNameOf } from "../types/oids.ts";
import { boundType, type TypedColumn } from "./bound-types.ts";
import { quoteName, readParquet } from "./quoting.ts";

const DECIMAL_DIGITS_MAX = 38;

export interface BoundColumn {
  /** `attnum`: what its rows in memory are called by. */
  readonly number: number;
  /** Stored name, by which the statement's SQL refers to it. */
  readonly name: string;
  readonly typeOid: number;
  readonly typmod: number;
  /** Its name in the files. */
  readonly diskName: string;
}

/** A type as DuckDB's Parquet reader sees it: `TIMESTAMP`, `DECIMAL`, `LIST`... */
export interface PhysicalType {
  readonly id: string;
  /** Of a DECIMAL. */
  readonly scale?: number;
  /** Of a LIST. */
  readonly element?: PhysicalType;
}

export interface PhysicalColumn {
  /** As the file has it. */
  readonly name: string;
  /** As DuckDB calls it: it renames columns that differ in case alone. */
  readonly sqlName: string;
  readonly type: PhysicalType;
}

/** Files that have the same columns of the same types in the same order. */
export interface SegmentGroup {
  readonly columns: readonly PhysicalColumn[];
  /** Absolute, in the order their rows shall have. */
  readonly paths: readonly string[];
}

/** Rows of a row table whose number is in (after, through]. */
export interface RowRange {
  readonly relation: string;
  readonly after: number;
  readonly through: number;
  /** Of rows with one key, in this range and in those before it, only the last counts. */
  readonly isReplacing?: boolean;
}

export interface BindOptions {
  /** Numbers of the columns that are a row's key, for ranges that replace. */
  readonly keys?: readonly number[];
  /**
   * Two more columns that tell rows apart: `pgtide_file`, the path of the segment, NULL for a row of a
   * row table, and `pgtide_row`, BIGINT: its position in the file; of the i-th range from 0,
   * i * 2^40 + DuckDB's rowid.
   */
  readonly identity?: boolean;
  /** A condition over c<number> that rows of ranges must meet, and of a key all rows or none do. */
  readonly where?: string;
}

/** A range together with the numbers of the columns that its table has. */
export type BoundRange = RowRange & { readonly columnNumbers: ReadonlySet<number> };

const IDENTITY_COLUMNS = ["pgtide_file", "pgtide_row"];
const RANGE_BITS = 40;
/** What DuckDB calls the place of a row. */
const POSITIONS: ReadonlySet<string> = new Set(["filename", "file_row_number"]);

/** A parenthesised SELECT. @throws SqlError 0A000 for a column that cannot be read so */
export function bindTable(
  columns: readonly BoundColumn[],
  groups: readonly SegmentGroup[],
  ranges: readonly BoundRange[] = [],
  options: BindOptions = {},
): string {
  const { identity = false } = options;
  refuseClashes([...columns.map(({ name }) => name), ...(identity ? IDENTITY_COLUMNS : [])]);
  const parts = [
    ...groups
      .filter(({ paths }) => paths.length > 0)
      .map((group) => selectGroup(columns, group, identity)),
    ...selectRanges(columns, ranges, options),
  ];
  if (parts.length > 0) return `(${parts.join(" UNION ALL ")})`;
  const nulls = columns.map((column) => `${nullOf(column)} AS ${quoteName(column.name)}`);
  if (identity)
    nulls.push("CAST(NULL AS VARCHAR) AS pgtide_file", "CAST(NULL AS BIGINT) AS pgtide_row");
  return `(SELECT ${listOr(nulls)} WHERE false)`;
}

/** A parenthesised SELECT of the rows that the session supplies under `name` (RowsRelation). */
export function bindRows(name: string, columns: readonly { readonly name: string }[]): string {
  const names = columns.map((column) => quoteName(column.name));
  return `(SELECT ${listOr(names)} FROM temp.main.${quoteName(name)})`;
}

/** A statement that needs rows but no column still needs something to select. */
function listOr(expressions: readonly string[]): string {
  return expressions.length > 0 ? expressions.join(", ") : "NULL AS nothing";
}

/** DuckDB does not tell names apart that differ in case alone. */
function refuseClashes(names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    const folded = name.toLowerCase();
    if (seen.has(folded)) {
      throw new SqlError(
        "0A000",
        `columns that differ from "${name}" in case alone are not supported`,
      );
    }
    seen.add(folded);
  }
}

function selectGroup(
  columns: readonly BoundColumn[],
  group: SegmentGroup,
  identity: boolean,
): string {
  const byName = new Map(group.columns.map((column) => [column.name, column]));
  const expressions = columns.map((column) => {
    const found = byName.get(column.diskName);
    if (found === undefined) return `${nullOf(column)} AS ${quoteName(column.name)}`;
    const from = quoteName(found.sqlName);
    const to = quoteName(column.name);
    const expression = convert(from, found.type, column);
    return expression === to ? to : `${expression} AS ${to}`;
  });
  const taken = identity && group.columns.find(({ name }) => POSITIONS.has(name.toLowerCase()));
  if (taken) {
    throw new SqlError("0A000", `rows of a table with a column "${taken.name}" cannot be changed`);
  }
  if (identity) expressions.push("filename AS pgtide_file", "file_row_number AS pgtide_row");
  return `SELECT ${listOr(expressions)} FROM ${readParquet(group.paths, identity)}`;
}

function selectRanges(
  columns: readonly BoundColumn[],
  ranges: readonly BoundRange[],
  { identity = false, keys = [], where }: BindOptions,
): readonly string[] {
  const isNewest = keys.length > 0 && ranges.some(({ isReplacing }) => isReplacing === true);
  const more = where === undefined ? "" : ` AND ${where}`;
  const select = (range: BoundRange, index: number) =>
    selectRange(columns, range, identity ? index : undefined) + more;
  if (!isNewest) return ranges.map(select);
  const names = columns.map(({ name }) => quoteName(name));
  if (identity) names.push(...IDENTITY_COLUMNS);
  const keyNames = keys.map((_, at) => `pgtide_key${at}`);
  const all = ranges.map(({ relation, after, through, columnNumbers }, index) => {
    const inner = select({ relation, after, through, columnNumbers }, index);
    const own = keys.map((key, at) => `c${key} AS pgtide_key${at}`);
    own.push(`${position(index)} AS pgtide_at`);
    return inner.replace("SELECT ", `SELECT ${own.join(", ")}, `);
  });
  const newest = `row_number() OVER (PARTITION BY ${keyNames.join(", ")} ORDER BY pgtide_at DESC)`;
  return [`SELECT ${listOr(names)} FROM (${all.join(" UNION ALL ")}) QUALIFY ${newest} = 1`];
}

/** Later rows have greater ones. */
function position(index: number): string {
  return index === 0 ? "rowid" : `rowid + ${BigInt(index) << BigInt(RANGE_BITS)}`;
}

/** Its rows are in the bound types already. */
function selectRange(
  columns: readonly BoundColumn[],
  { relation, after, through, columnNumbers }: BoundRange,
  index: number | undefined,
): string {
  const expressions = columns.map((column) => {
    const from = columnNumbers.has(column.number) ? `c${column.number}` : nullOf(column);
    return `${from} AS ${quoteName(column.name)}`;
  });
  if (index !== undefined) {
    expressions.push("CAST(NULL AS VARCHAR) AS pgtide_file", `${position(index)} AS pgtide_row`);
  }
  const from = `memory.main.${quoteName(relation)}`;
  return `SELECT ${listOr(expressions)} FROM ${from} WHERE _seq > ${after} AND _seq <= ${through}`;
}

function nullOf(column: BoundColumn): string {
  return `CAST(NULL AS ${boundType(column)})`;
}

/** `expression` of the physical type as the column's bound type. */
function convert(expression: string, from: PhysicalType, column: TypedColumn): string {
  const to = boundType(column);
  switch (column.typeOid) {
    case Oid.timestamp:
    case Oid.timestamptz:
      return toTimestamp(expression, from, column);
    case Oid.date:
      return toDate(expression, from, column);
    case Oid.time:
      if (from.id === "BIGINT") return toTime(expression);
      break;
    case Oid.int2:
    case Oid.int4:
    case Oid.int8:
    case Oid.oid:
      if (INTEGERS.has(from.id) && from.id !== to) return `CAST(${expression} AS ${to})`;
      if (from.id === "DATE") return `CAST(${expression} - DATE '1970-01-01' AS ${to})`;
      break;
    case Oid.float4:
    case Oid.float8:
      if (FLOATS.has(from.id) && from.id !== to) return `CAST(${expression} AS ${to})`;
      break;
    case Oid.numeric:
      return toNumeric(expression, from, to, column);
    case Oid.uuid:
    case Oid.interval:
      if (from.id === "VARCHAR") return `CAST(${expression} AS ${to})`;
      break;
    default:
      if (elementOidOf(column.typeOid) !== undefined) return toArray(expression, from, column);
      if (to === "VARCHAR" && TEXTS.has(from.id)) return toText(expression, from);
  }
  if (from.id === to) return expression;
  throw mismatch(from, column);
}

const INTEGERS: ReadonlySet<string> = new Set([
  "TINYINT",
  "SMALLINT",
  "INTEGER",
  "BIGINT",
  "UTINYINT",
  "USMALLINT",
  "UINTEGER",
  "UBIGINT",
]);
const FLOATS: ReadonlySet<string> = new Set(["FLOAT", "DOUBLE"]);
const TEXTS: ReadonlySet<string> = new Set(["VARCHAR", "BLOB", "UUID", "ENUM"]);

function toText(expression: string, from: PhysicalType): string {
  if (from.id === "VARCHAR") return expression;
  // A writer that left the annotation of a text out; what is no UTF-8 fails.
  return from.id === "BLOB" ? `decode(${expression})` : `CAST(${expression} AS VARCHAR)`;
}

function toTimestamp(expression: string, from: PhysicalType, column: TypedColumn): string {
  const converted = utcTimestamp(expression, from.id);
  if (converted === undefined) throw mismatch(from, column);
  return converted;
}

/**
 * TIMESTAMP from any type of an instant; undefined for another type. By raw microseconds, never by
 * a cast in the session's zone; nanoseconds are cut, not rounded.
 */
export function utcTimestamp(expression: string, physicalId: string): string | undefined {
  switch (physicalId) {
    case "TIMESTAMP":
      return expression;
    case "TIMESTAMP_TZ":
      return (
        `CASE WHEN isfinite(${expression}) THEN make_timestamp(epoch_us(${expression}))` +
        ` ELSE timezone('UTC', ${expression}) END`
      );
    case "TIMESTAMP_NS": {
      const nanos = `epoch_ns(${expression})`;
      return (
        `make_timestamp(CASE WHEN ${nanos} < 0 THEN (${nanos} + 1) // 1000 - 1` +
        ` ELSE ${nanos} // 1000 END)`
      );
    }
    case "TIMESTAMP_MS":
    case "TIMESTAMP_S":
    case "DATE":
      return `CAST(${expression} AS TIMESTAMP)`;
    default:
      return undefined;
  }
}

function toDate(expression: string, from: PhysicalType, column: TypedColumn): string {
  switch (from.id) {
    case "DATE":
      return expression;
    case "INTEGER":
      // DuckDB counts no days to what stands for infinity.
      return (
        `CASE ${expression} WHEN 2147483647 THEN DATE 'infinity'` +
        ` WHEN -2147483647 THEN DATE '-infinity' ELSE DATE '1970-01-01' + ${expression} END`
      );
    default:
      return `CAST(${toTimestamp(expression, from, column)} AS DATE)`;
  }
}

/** The end of a day would become its beginning. */
function toTime(expression: string): string {
  const time = `CAST(make_timestamp(${expression}) AS TIME)`;
  return `CASE ${expression} WHEN 86400000000 THEN TIME '24:00:00' ELSE ${time} END`;
}

function toNumeric(
  expression: string,
  from: PhysicalType,
  to: string,
  column: TypedColumn,
): string {
  if (to === "VARCHAR") {
    if (from.id === "VARCHAR") return expression;
    if (INTEGERS.has(from.id)) return `CAST(${expression} AS VARCHAR)`;
    // One digit more than the widest: DuckDB leaves the zero before the point out when p = s.
    if (from.id === "DECIMAL" && (from.scale ?? 0) < DECIMAL_DIGITS_MAX) {
      return `CAST(CAST(${expression} AS DECIMAL(38,${from.scale ?? 0})) AS VARCHAR)`;
    }
  } else if (from.id === "DECIMAL" || INTEGERS.has(from.id) || from.id === "VARCHAR") {
    return `CAST(${expression} AS ${to})`;
  }
  throw mismatch(from, column);
}

/** Elements are converted only where they must be; timestamptz in an array is TIMESTAMPTZ. */
function toArray(expression: string, from: PhysicalType, column: TypedColumn): string {
  const elementOid = elementOidOf(column.typeOid);
  if (from.id !== "LIST" || from.element === undefined || elementOid === undefined) {
    throw mismatch(from, column);
  }
  // An array of more dimensions has the same type in PostgreSQL.
  const element: TypedColumn =
    from.element.id === "LIST" ? column : { typeOid: elementOid, typmod: column.typmod };
  const isInstant = element.typeOid === Oid.timestamptz;
  if (isInstant && from.element.id === "TIMESTAMP_TZ") return expression;
  const utc = convert("x", from.element, element);
  const inner = isInstant ? `timezone('UTC', ${utc})` : utc;
  return inner === "x" ? expression : `list_transform(${expression}, lambda x: ${inner})`;
}

function mismatch(from: PhysicalType, column: TypedColumn): SqlError {
  const type = typeNameOf(column.typeOid);
  return new SqlError("0A000", `a segment holds ${from.id} where the table has ${type}`);
}
