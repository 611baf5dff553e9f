/**
 * What a table declares beyond the format's own rules, checked in files before they are appended.
 */

import { SqlError } from "../base/errors.ts";
import { quoteLiteral, quoteName } from "../compile/expression.ts";
import { readParquet } from "../engine/quoting.ts";
import { describeParquet } from "../table/parquet-schema.ts";
import { Oid } from "../types/oids.ts";
import type { Shape } from "../types/shape.ts";
import type { Execution } from "./execution.ts";
import type { TstableEntry } from "./tables.ts";
import { notBuilt } from "./utility.ts";

const TEXT: Shape = { typeOid: Oid.text, typmod: -1, representation: { kind: "plain" } };

/** @throws SqlError 23502, 23505 with the file's name; 0A000 for a key under ALLOW */
export async function checkRequiredValues(
  entry: TstableEntry,
  files: readonly string[],
  overlap: "reject" | "skip" | "allow",
  execution: Execution,
): Promise<void> {
  const constraint = entry.definition.options["key"];
  if (constraint !== undefined && overlap === "allow") {
    throw notBuilt("ON OVERLAP ALLOW on a table with a key", "Use REJECT or SKIP.");
  }
  const required = requiredColumns(entry);
  for (const file of files) {
    if (required.length > 0) await checkNotNull(entry, file, required, execution);
    if (constraint !== undefined) await checkKey(entry, file, constraint, execution);
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
 * Within one file: files of one statement, and the table, share no bucket under REJECT and SKIP.
 */
async function checkKey(
  { info, entityColumns }: TstableEntry,
  file: string,
  constraint: string,
  { services, signal }: Execution,
): Promise<void> {
  const time = info.columns.find(({ number }) => number === info.timeColumn)?.name ?? "";
  const names = [...entityColumns.map(({ name }) => name), time];
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
