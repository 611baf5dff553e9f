/** The oracle's tables as Parquet files, and plans bound to them with their own filters applied. */

import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { duckdbType, storedShape } from "../../src/compile/duckdb-types.ts";
import { quoteLiteral, quoteName } from "../../src/compile/expression.ts";
import { literal } from "../../src/compile/literals.ts";
import type { Plan, RelationInfo, Scalar, Scan } from "../../src/compile/plan.ts";
import { type Answer, firstColumn } from "../../src/postgres/answer.ts";
import { decodeText } from "../../src/types/codec.ts";
import { Oid } from "../../src/types/oids.ts";

export interface TestTables {
  relation(oid: number): RelationInfo | undefined;
  file(oid: number): string;
}

interface Described {
  readonly oid: number;
  readonly name: string;
  readonly comment: string | null;
  readonly columns: readonly {
    readonly number: number;
    readonly name: string;
    readonly typeOid: number;
    readonly typmod: number;
    readonly isNotNull: boolean;
  }[];
}

const TABLES = `SELECT json_build_object('oid', c.oid::int8, 'name', relname,
  'comment', obj_description(c.oid), 'columns', (
    SELECT json_agg(json_build_object('number', attnum, 'name', attname, 'typeOid', atttypid::int8,
      'typmod', atttypmod, 'isNotNull', attnotnull) ORDER BY attnum)
    FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped))
  FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`;

const INPUT = {
  timeZone: "UTC",
  dateStyle: { format: "ISO", order: "MDY" },
  intervalStyle: "postgres",
  extraFloatDigits: 1,
  byteaOutput: "hex",
} as const;

/** A table's comment says `time=<column> entity=<column>`. */
export async function loadTables(
  run: (sql: string) => Promise<Answer>,
  directory: string,
): Promise<TestTables> {
  const described = firstColumn(await run(TABLES)).map(
    (text) => JSON.parse(text ?? "null") as Described,
  );
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const infos = new Map<number, RelationInfo>();
  for (const table of described) {
    infos.set(table.oid, relationInfo(table));
    const columns = table.columns.map((column) => {
      const type = duckdbType(storedShape(column.typeOid, column.typmod));
      return `${quoteName(column.name)} ${type}`;
    });
    await connection.run(`CREATE TABLE ${quoteName(table.name)} (${columns.join(", ")})`);
    const list = table.columns.map((column) => `${quoteName(column.name)}::text`).join(", ");
    const answer = await run(`SELECT array_to_json(ARRAY[${list}]) FROM ${quoteName(table.name)}`);
    const rows = firstColumn(answer).map((text) => JSON.parse(text ?? "[]") as (string | null)[]);
    const values = rows.map((row) => `(${row.map((cell, index) => stored(cell, table, index))})`);
    if (values.length > 0) {
      await connection.run(`INSERT INTO ${quoteName(table.name)} VALUES ${values.join(", ")}`);
    }
    const file = join(directory, `${table.oid}.parquet`);
    await connection.run(`COPY ${quoteName(table.name)} TO ${quoteLiteral(file)} (FORMAT parquet)`);
  }
  connection.closeSync();
  return { relation: (oid) => infos.get(oid), file: (oid) => join(directory, `${oid}.parquet`) };
}

function relationInfo(table: Described): RelationInfo {
  const named = (key: string) => {
    const name = new RegExp(`${key}=(\\w+)`).exec(table.comment ?? "")?.[1];
    return table.columns.find((column) => column.name === name)?.number;
  };
  const [time, entity] = [named("time"), named("entity")];
  return {
    oid: table.oid,
    schema: "public",
    name: table.name,
    kind: "tstable",
    columns: table.columns,
    ...(time === undefined ? {} : { timeColumn: time }),
    entityColumns: entity === undefined ? [] : [entity],
  };
}

function stored(cell: string | null, table: Described, index: number): string {
  const column = table.columns[index];
  if (column === undefined || cell === null) return "NULL";
  // The cast to text has taken char(n)'s blanks away.
  const whole = column.typeOid === Oid.bpchar ? cell.padEnd(column.typmod - 4) : cell;
  const { text, shape } = literal(decodeText(whole, column.typeOid, INPUT), column.typeOid);
  const wanted = storedShape(column.typeOid, column.typmod);
  return duckdbType(shape) === duckdbType(wanted) ? text : `CAST(${text} AS ${duckdbType(wanted)})`;
}

/**
 * Each scan reads its file through its own filter, row by row: were the filter to promise too much,
 * the answer would lack rows.
 */
export function boundSql(plan: Plan, tables: TestTables, held = ""): string {
  return plan.sql
    .map((piece) => {
      if (typeof piece === "string") return piece;
      const scan = plan.scans[piece];
      if (scan === undefined) throw new Error(`no scan ${piece}`);
      return scan.kind === "changed" || scan.kind === "conflicts" ? held : scanText(scan, tables);
    })
    .join("");
}

function scanText(scan: Scan, tables: TestTables): string {
  if (scan.kind !== "table") throw new Error(`a scan of kind ${scan.kind} in a differential test`);
  const info = tables.relation(scan.relationOid);
  const nameOf = (number: number | undefined) =>
    quoteName(info?.columns.find((column) => column.number === number)?.name ?? "");
  const identity = scan.hasIdentity
    ? ["filename AS pgtide_file", "file_row_number AS pgtide_row"]
    : [];
  const list = [...scan.columnNumbers.map(nameOf), ...identity].join(", ");
  const time = nameOf(info?.timeColumn);
  const tests = scan.filter.time.map((each) => `${time} ${each.operator} ${scalar(each.bound)}`);
  for (const { columnNumber, anyOf } of scan.filter.entities) {
    const values = anyOf.map(scalar).join(", ");
    tests.push(anyOf.length === 0 ? "FALSE" : `${nameOf(columnNumber)} IN (${values})`);
  }
  const where = tests.length === 0 ? "" : ` WHERE ${tests.join(" AND ")}`;
  const { newest } = scan.filter;
  const order =
    newest === undefined
      ? ""
      : ` ORDER BY ${time} ${newest.descending ? "DESC" : "ASC"} LIMIT ${scalar(newest.limit)}`;
  const file = quoteLiteral(tables.file(scan.relationOid));
  const first =
    scan.filter.newestOfEntities === undefined
      ? ""
      : ` QUALIFY rank() OVER (PARTITION BY ${(info?.entityColumns ?? []).map(nameOf).join(", ")}` +
        ` ORDER BY ${time} ${scan.filter.newestOfEntities.descending ? "DESC" : "ASC"}) = 1`;
  const read = `read_parquet([${file}]${scan.hasIdentity ? ", filename=true, file_row_number=true" : ""})`;
  return `(SELECT ${list} FROM ${read}${where}${first}${order})`;
}

function scalar(value: Scalar): string {
  switch (value.kind) {
    case "constant":
      return value.typeOid === 20 ? String(value.value) : literal(value.value, value.typeOid).text;
    case "parameter":
      return `$${value.number}`;
    case "sql":
      return value.sql;
  }
}
