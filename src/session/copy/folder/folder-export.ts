/**
 * The query behind a COPY TO with PARTITION_BY or TIME_FOLDERS: a text for each level of folders,
 * then the columns of the files, ordered so that each folder's rows come together.
 */

import { SqlError } from "../../../base/errors.ts";
import { quoteIdentifier } from "../../../compile/tokens.ts";
import type { FieldDescription } from "../../../types/field.ts";
import { Oid } from "../../../types/oids.ts";
import type { CopyOptions } from "../options.ts";
import { TIME_FOLDERS } from "../own-options.ts";

export interface FolderExport {
  /** Names of the levels, which are the query's first columns. */
  readonly keys: readonly string[];
  /** Of the files. */
  readonly fields: readonly FieldDescription[];
  /** How many of the last levels are of time, and of which column. */
  readonly timeFolders: number;
  readonly time: FieldDescription | undefined;
  /** Some rows may have none. */
  readonly hasNullTimes: boolean;
  /** Of rows for which a condition over the table holds. */
  readonly text: (condition: string | undefined) => string;
}

/** @throws SqlError 42703, 42701, 42804 */
export function folderExport(
  rows: (condition: string | undefined) => string,
  fields: readonly FieldDescription[],
  time: FieldDescription | undefined,
  hasNullTimes: boolean,
  { partitionBy = [], timeFolders = 0 }: CopyOptions,
): FolderExport {
  const names = fields.map(({ name }) => name);
  const wrong = partitionBy.find((name) => !names.includes(name));
  if (wrong !== undefined) throw new SqlError("42703", `column "${wrong}" does not exist`);
  const units = TIME_FOLDERS.slice(0, timeFolders);
  const keys = [...partitionBy, ...units];
  const rest = fields.filter(({ name }) => !partitionBy.includes(name));
  refuseTwice([...keys, ...rest.map(({ name }) => name)]);
  if (rest.length === 0) throw new SqlError("42P16", "no column is left for the files");
  const levels = [
    ...partitionBy.map((name) => `q.${quoteIdentifier(name)}::text`),
    ...(time === undefined ? [] : units.map((unit) => unitText(unit, time))),
  ];
  const selected = [
    ...keys.map((name, index) => `${levels[index]} AS ${quoteIdentifier(name)}`),
    ...rest.map(({ name }) => `q.${quoteIdentifier(name)}`),
  ];
  const order = [
    ...levels.map((_, index) => String(index + 1)),
    ...(time === undefined ? [] : [`q.${quoteIdentifier(time.name)}`]),
  ];
  return {
    keys,
    fields: rest,
    timeFolders,
    time,
    hasNullTimes,
    text: (condition) =>
      `SELECT ${selected.join(", ")} FROM (${rows(condition)}) AS q ORDER BY ${order.join(", ")}`,
  };
}

function refuseTwice(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw new SqlError("42701", `column "${twice}" specified more than once`, {
    hint: "Names of columns and of folders (year, month, day) must differ.",
  });
}

/** In UTC, as buckets are; NULL of a time that no calendar has. */
function unitText(
  unit: (typeof TIME_FOLDERS)[number],
  { name, typeOid }: FieldDescription,
): string {
  const column = `q.${quoteIdentifier(name)}`;
  if (typeOid !== Oid.timestamptz && typeOid !== Oid.timestamp && typeOid !== Oid.date) {
    throw new SqlError("42804", `time column "${name}" has no calendar for TIME_FOLDERS`);
  }
  const local = typeOid === Oid.timestamptz ? `(${column} AT TIME ZONE 'UTC')` : column;
  const number = `extract(${unit} FROM ${local})::int::text`;
  const text = unit === "year" ? number : `lpad(${number}, 2, '0')`;
  return `CASE WHEN isfinite(${column}) THEN ${text} END`;
}
