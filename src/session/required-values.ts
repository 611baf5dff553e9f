/**
 * What a table declares beyond the format's own rules, checked in files before they are appended.
 */

import { SqlError } from "../base/errors.ts";
import { quoteLiteral, quoteName } from "../compile/expression.ts";
import type { RelationColumn } from "../compile/plan.ts";
import { readParquet } from "../engine/quoting.ts";
import { describeParquet } from "../table/parquet-schema.ts";
import { Oid } from "../types/oids.ts";
import type { Shape } from "../types/shape.ts";
import { typeText } from "./column-types.ts";
import type { Execution } from "./execution.ts";
import type { RowKey } from "./row-key.ts";
import type { TstableEntry } from "./tables.ts";
import { notBuilt } from "./utility.ts";

const TEXT: Shape = { typeOid: Oid.text, typmod: -1, representation: { kind: "plain" } };

/**
 * @throws SqlError 22P02, 22001, 22007, 23502, 23505 with the file's name; 0A000 for a key under
 * ALLOW
 */
export async function checkRequiredValues(
  entry: TstableEntry,
  files: readonly string[],
  overlap: "reject" | "skip" | "replace" | "allow",
  execution: Execution,
): Promise<void> {
  const key = entry.rowKey;
  if (key !== undefined && overlap === "allow") {
    throw notBuilt("ON OVERLAP ALLOW on a table with a key", "Use REJECT, SKIP or REPLACE.");
  }
  const required = requiredColumns(entry);
  for (const file of files) {
    if (required.length > 0) await checkNotNull(entry, file, required, execution);
    await checkTexts(entry, file, execution);
    // At GRAIN ROW the append itself looks.
    const isLooking = entry.definition.grain === "row";
    if (key !== undefined && !isLooking) await checkKey(entry, file, key, execution);
  }
}

/** NOT NULL columns but the keys, which the store checks itself. */
function requiredColumns({ info }: TstableEntry): string[] {
  const keys = new Set([info.timeColumn, ...(info.entityColumns ?? [])]);
  return info.columns
    .filter(({ isNotNull, number }) => isNotNull && !keys.has(number))
    .map(({ name }) => name);
}

async function checkNotNull(
  { info }: TstableEntry,
  file: string,
  columns: readonly string[],
  { services, signal }: Execution,
): Promise<void> {
  const present = await columnNames(file);
  const tests = columns.map((name) => {
    const values = present.has(name) ? `count(${quoteName(name)})` : "0";
    return `WHEN count(*) > ${values} THEN ${quoteLiteral(name)}`;
  });
  const [column] = await services.engine.evaluate(
    `SELECT CASE ${tests.join(" ")} END AS c1 FROM ${readParquet([file])}`,
    [],
    [TEXT],
    { signal },
  );
  if (column === null || column === undefined) return;
  throw new SqlError(
    "23502",
    `null value in column "${String(column)}" of relation "${info.name}"` +
      " violates not-null constraint",
    {
      detail: `File: ${file}.`,
      schema: info.schema,
      table: info.name,
      column: String(column),
    },
  );
}

/**
 * What a text in a file must be for a column that is more than text: SQL that is true of bad ones.
 * One entity must have one spelling: uuids in lower case with hyphens.
 */
function badText(column: RelationColumn, name: string, isEntity: boolean): string | undefined {
  switch (column.typeOid) {
    case Oid.json:
      return `NOT json_valid(${name})`;
    case Oid.uuid:
      return isEntity
        ? `CAST(TRY_CAST(${name} AS UUID) AS VARCHAR) IS DISTINCT FROM ${name}`
        : `TRY_CAST(${name} AS UUID) IS NULL`;
    case Oid.interval:
      return `TRY_CAST(${name} AS INTERVAL) IS NULL`;
    case Oid.numeric:
      return column.typmod === -1
        ? `NOT regexp_full_match(${name}, '-?[0-9]+([.][0-9]+)?|NaN|-?Infinity')`
        : undefined;
    case Oid.varchar:
      return column.typmod === -1 ? undefined : `length(${name}) > ${column.typmod - 4}`;
    default:
      return undefined;
  }
}

/** Files keep uuid, json, interval and free numeric as text, which may hold anything. */
async function checkTexts(
  { info }: TstableEntry,
  file: string,
  { services, signal }: Execution,
): Promise<void> {
  const columns = await describeParquet(file);
  const texts = new Set(columns.flatMap(({ name, type }) => (type.kind === "utf8" ? [name] : [])));
  const keys = new Set(info.entityColumns ?? []);
  const checks = info.columns.flatMap((column) => {
    const name = quoteName(column.name);
    const test = texts.has(column.name)
      ? badText(column, name, keys.has(column.number))
      : undefined;
    return test === undefined ? [] : [{ column, sql: `min(CASE WHEN ${test} THEN ${name} END)` }];
  });
  if (checks.length === 0) return;
  const found = await services.engine.evaluate(
    `SELECT ${checks.map(({ sql }, at) => `${sql} AS c${at + 1}`).join(", ")}` +
      ` FROM ${readParquet([file])}`,
    [],
    checks.map(() => TEXT),
    { signal },
  );
  checks.forEach(({ column }, at) => {
    const value = found[at];
    if (value === null || value === undefined) return;
    throw badTextError(column, String(value), file);
  });
}

function badTextError(column: RelationColumn, value: string, file: string): SqlError {
  const detail = `Column "${column.name}" of file ${file}.`;
  if (column.typeOid === Oid.varchar) {
    const type = typeText(column.typeOid, column.typmod);
    return new SqlError("22001", `value too long for type ${type}`, { detail });
  }
  const type = typeText(column.typeOid, -1);
  const code = column.typeOid === Oid.interval ? "22007" : "22P02";
  return new SqlError(code, `invalid input syntax for type ${type}: "${value}"`, { detail });
}

/**
 * Within one file: files of one statement, and the table, share no bucket under REJECT and SKIP.
 */
async function checkKey(
  { info }: TstableEntry,
  file: string,
  { name: constraint, columns: numbers }: RowKey,
  { services, signal }: Execution,
): Promise<void> {
  const names = numbers.map((one) => info.columns.find(({ number }) => number === one)?.name ?? "");
  const present = await columnNames(file);
  if (!names.every((name) => present.has(name))) return; // the append itself says so
  const keys = names.map(quoteName).join(", ");
  const shown = names.map((name) => `CAST(${quoteName(name)} AS VARCHAR)`).join(", ");
  const [key] = await services.engine.evaluate(
    `SELECT (SELECT concat_ws(', ', ${shown}) FROM ${readParquet([file])}` +
      ` GROUP BY ${keys} HAVING count(*) > 1 LIMIT 1) AS c1`,
    [],
    [TEXT],
    { signal },
  );
  if (key === null || key === undefined) return;
  throw new SqlError("23505", `duplicate key value violates unique constraint "${constraint}"`, {
    detail: `Key (${names.join(", ")})=(${String(key)}) stands twice in file ${file}.`,
    schema: info.schema,
    table: info.name,
    constraint,
  });
}

async function columnNames(file: string): Promise<ReadonlySet<string>> {
  return new Set((await describeParquet(file)).map(({ name }) => name));
}
