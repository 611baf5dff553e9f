/** COPY FROM into ordinary tables, against PostgreSQL: rows, defaults, constraints, errors. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;
let postgres: PGlite;

const TABLES = [
  `CREATE TABLE p (id int PRIMARY KEY, name varchar(5) NOT NULL DEFAULT 'none',
     amount numeric(6,2) CHECK (amount > 0), at timestamptz(0), twice int GENERATED ALWAYS AS (id * 2) STORED)`,
  "CREATE TABLE c (k int GENERATED ALWAYS AS IDENTITY, p int REFERENCES p (id), s serial, tags text[], u uuid, iv interval, d date, b bool, j jsonb, f real, raw bytea, t time)",
];

beforeAll(async () => {
  server = await startLocalServer();
  postgres = await PGlite.create();
  await postgres.exec("SET TimeZone = 'UTC'");
  for (const sql of TABLES) {
    await server.rows(sql);
    await postgres.exec(sql);
  }
});
afterAll(async () => {
  await server.stop();
  await postgres.close();
});

type Outcome = Readonly<Record<string, unknown>>;

const FIELDS = ["code", "detail", "constraint", "table", "column"] as const;

/** Rows in the table afterwards, or the error. */
async function ours(statement: string, data: string, table: string): Promise<Outcome> {
  const path = join(server.folder, "ordinary.data");
  writeFileSync(path, data);
  try {
    const { rowCount } = await server.client.query(statement.replace("?", `'${path}'`));
    return { rowCount, rows: await server.rows(`SELECT * FROM ${table} ORDER BY 1`) };
  } catch (cause) {
    const error = cause as Record<string, string>;
    return { message: error["message"], ...Object.fromEntries(FIELDS.map((f) => [f, error[f]])) };
  }
}

async function theirs(statement: string, data: string, table: string): Promise<Outcome> {
  try {
    const { affectedRows } = await postgres.query(statement.replace("?", "'/dev/blob'"), [], {
      blob: new Blob([data]),
    });
    const { rows } = await postgres.query<unknown[]>(`SELECT * FROM ${table} ORDER BY 1`, [], {
      rowMode: "array",
      parsers: Object.fromEntries(TYPES.map((oid) => [oid, (text: string) => text])),
    });
    return { rowCount: affectedRows, rows };
  } catch (cause) {
    const error = cause as Record<string, string>;
    return { message: error["message"], ...Object.fromEntries(FIELDS.map((f) => [f, error[f]])) };
  }
}

const TYPES = [
  16, 17, 20, 21, 23, 25, 114, 700, 701, 1009, 1043, 1082, 1083, 1114, 1184, 1186, 1700, 2950, 3802,
];

const CASES: readonly (readonly [statement: string, data: string, table: string])[] = [
  ["COPY p FROM ?", "1\tone\t1.005\t2026-01-01 00:00:00.6\n2\ttwo\t\\N\t\\N\n", "p"],
  ["COPY p (id, amount) FROM ? (FORMAT csv)", "3,3.3\n4,\n", "p"],
  ["COPY p FROM ? (FORMAT csv, DEFAULT '*')", "5,*,5,today\n", "p"],
  ["COPY p FROM ? (FORMAT csv)", "1,dup,1,2026-01-01\n", "p"],
  ["COPY p FROM ? (FORMAT csv)", "9,nine,1,\n9,again,1,\n", "p"],
  ["COPY p FROM ? (FORMAT csv)", "9,toolong,1,\n", "p"],
  ["COPY p FROM ? (FORMAT csv)", "9,x,99999,\n", "p"],
  ["COPY p FROM ? (FORMAT csv)", "9,x,0,\n", "p"],
  ["COPY p FROM ? (FORMAT csv)", "9,,1,\n", "p"],
  ["COPY p FROM ? (FORMAT csv, FORCE_NOT_NULL (name))", "6,,1,\n", "p"],
  ["COPY p (id, twice) FROM ?", "", "p"],
  ["COPY p FROM ? (FORMAT csv) WHERE id > 20", "9,x,1,\n21,y,1,\n", "p"],
  ["COPY p FROM ? (FORMAT csv, ON_ERROR ignore)", "x,x,1,\n22,toolong,1,\n23,ok,1,\n", "p"],
  [
    "COPY c (p, tags, u, iv, d, b, j, f, raw, t) FROM ?",
    `1\t{a,NULL,"b c"}\tA0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11\t1 day 2h\t5 Jan 2026\tyes\t{"b": 1, "a": 2}\t1.1\t\\\\x0aff\t01:02\n`,
    "c",
  ],
  ["COPY c (k, p, d) FROM ?", "77\t2\tinfinity\n", "c"],
  ["COPY c (p) FROM ?", "999\n", "c"],
  ["COPY c (p) FROM ?", "1\n\\N\n", "c"],
];

describe("COPY FROM a file", () => {
  test.each(CASES)("%s with %j", async (statement, data, table) => {
    const select = table.replace(/^(\w+) \((.*)\)$/, "(SELECT $2 FROM $1)");
    expect(await ours(statement, data, select)).toEqual(await theirs(statement, data, select));
  });

  test("counts among a transaction's own changes and is undone to a savepoint", async () => {
    const path = join(server.folder, "savepoint.data");
    writeFileSync(path, "50\n51\n");
    await server.rows("BEGIN");
    await server.rows("INSERT INTO p (id) VALUES (49)");
    await server.rows("SAVEPOINT s");
    await server.rows(`COPY p (id) FROM '${path}'`);
    expect(await server.rows("SELECT count(*) FROM p WHERE id BETWEEN 49 AND 51")).toEqual([["3"]]);
    await server.rows("ROLLBACK TO s");
    await server.rows("COMMIT");
    expect(await server.rows("SELECT id FROM p WHERE id BETWEEN 49 AND 51")).toEqual([["49"]]);
  });

  test("may FREEZE what was made or emptied since the last savepoint only", async () => {
    const path = join(server.folder, "freeze.data");
    writeFileSync(path, "1\n2\n");
    const copy = `COPY frozen FROM '${path}' (FREEZE)`;
    const refused = async () => {
      const { code, message } = await server.refusal(copy);
      expect([code, message]).toEqual([
        "55000",
        "cannot perform COPY FREEZE because the table was not created or truncated in the current" +
          " subtransaction",
      ]);
    };
    await server.rows("BEGIN");
    await server.rows("CREATE TABLE frozen (id int)");
    await server.rows(copy);
    await server.rows("SAVEPOINT s");
    await refused();
    await server.rows("ROLLBACK TO s");
    await server.rows("TRUNCATE frozen");
    await server.rows(copy);
    await server.rows("COMMIT");
    await refused();
    expect(await server.rows("SELECT count(*) FROM frozen")).toEqual([["2"]]);
  });

  test("is not for generated columns, nor do they come out", async () => {
    const path = join(server.folder, "out.data");
    await server.rows(`COPY p TO '${path}' (FORMAT csv, HEADER)`);
    expect(readFileSync(path, "utf8")).toMatch(/^id,name,amount,at\n1,one,1\.01,/);
    const error = await server.refusal("COPY p (twice) TO STDOUT");
    expect([error.code, error.detail]).toEqual([
      "42P10",
      "Generated columns cannot be used in COPY.",
    ]);
  });
});
