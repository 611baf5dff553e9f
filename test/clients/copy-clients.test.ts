/**
 * Rows in and out through the drivers people use, with COPY, INSERT, transactions and notifications.
 * Drivers that are no npm package run as programs of their own and print what they saw.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jdbcFolder, pgxSession, psql, python, run, runPsql } from "../support/programs.ts";
import { root } from "../support/root.ts";
import { connect, type Target, targets } from "./targets.ts";

const COLUMNS = "(ts timestamptz NOT NULL, device text, v float8, n int8, note text)";
/** A time series and an ordinary table. */
const TABLES = ["series", "plain"] as const;
const PROGRAM_MS_MAX = 180_000;

describe.each(targets)("%s", (_name, open) => {
  let target: Target;
  let folder: string;
  const timeout = PROGRAM_MS_MAX;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "pgtide-copy-"));
    target = await open();
    const client = await connect(target.port);
    await client.query(`CREATE TABLE series ${COLUMNS} ${target.using}`);
    await client.query(`CREATE TABLE plain ${COLUMNS}`);
    await client.end();
  });
  afterAll(async () => {
    await target?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function answersOf(program: string, args: readonly string[]): Promise<string> {
    const all = [...args, String(target.port), ...TABLES];
    const finished = await run(program, all, { timeoutMs: PROGRAM_MS_MAX });
    if (finished.status !== 0) throw new Error(finished.stderr);
    return finished.stdout;
  }

  test.skipIf(python === undefined)("psycopg 3, psycopg2, asyncpg", { timeout }, async () => {
    const script = join(root, "test/clients/copy_session.py");
    const answers = JSON.parse(await answersOf(python ?? "", [script]));
    for (const table of TABLES) {
      expect(answers[table].psycopg).toEqual({
        copied: "COPY 1000",
        "text in": true,
        "text out": true,
        "binary in": true,
        "binary out": true,
        "bad value": ["22007", `COPY ${table}, line 501, column ts: "x"`],
        "missing column": ["22P04", `COPY ${table}, line 501: "2026-01-05\td"`],
        "given up": [],
        inside: 1,
        "rolled back": [],
        savepoint: "22P02",
        inserted: true,
      });
      expect(answers[table].psycopg2).toEqual({
        rows: 60,
        csv: true,
        copy_from: [62, 61, 60],
        failed: "22P02",
        undone: 62,
        deleted: 62,
      });
      const csv = '0,plain\n1000000000000,""\n2000000000000,\n3000000000000,tab\there\n';
      expect(answers[table].asyncpg).toEqual({
        copied: "COPY 1000",
        records: true,
        query: ["COPY 5", `${csv}4000000000000,"line\nbreak"\n`],
        csv: "COPY 1",
        "rolled back": 1,
        "given up": "TypeError",
        inserted: true,
        heard: ["news", "hello"],
      });
    }
  });

  test.skipIf(pgxSession === undefined)("pgx", { timeout }, async () => {
    const answers = JSON.parse(await answersOf(pgxSession ?? "", []));
    const expected = {
      copied: 5000,
      same: true,
      text: "0\t\\N\n1\tline\\nbreak\\tü\\\\\n",
      savepoint: "22012",
      inside: 10,
      "rolled back": 5000,
      failed: "22P02",
      deleted: 5000,
      batch: true,
      "failed batch": "22012",
      "after it": 100,
      heard: ["news", "hello"],
    };
    expect(answers).toEqual({ series: expected, plain: expected });
  });

  test.skipIf(jdbcFolder === undefined)("pgjdbc", { timeout }, async () => {
    const classPath = `${jdbcFolder}:${join(jdbcFolder ?? "", "postgresql.jar")}`;
    const lines = (await answersOf("java", ["-cp", classPath, "CopySession"])).trim().split("\n");
    const expected = [
      "copied=5000",
      "out=2",
      'csv=2026-01-05 00:00:00+00,d,0.5,0,"a, b"\\n2026-01-05 00:00:00.000001+00,d,1.5,1,\\n',
      "failed=22P02",
      "given up=5000",
      "deleted=5000",
      "inside=1",
      "rolled back=5000",
      "batch=1000",
      "savepoint=22007",
      "one=1",
      "sums=[1001, 801, 50001.0, 500500, 2026-01-04T00:00:00Z, é\t999]",
      "cleared=1001",
      "heard=hello",
    ];
    expect(lines).toEqual(TABLES.flatMap((table) => expected.map((line) => `${table}.${line}`)));
  });

  describe.skipIf(psql === undefined).each(TABLES)("psql and table %s", (table) => {
    const type = (script: string, args: readonly string[] = []) =>
      runPsql(target.port, `\\pset format unaligned\n${script}`, { args: ["-q", ...args] });

    test("\\copy brings a file in and takes it out the same", async () => {
      const lines = Array.from({ length: 2000 }, (_, n) => {
        const seconds = String(n % 60).padStart(2, "0");
        const minutes = String(Math.floor(n / 60)).padStart(2, "0");
        return `2026-01-05 00:${minutes}:${seconds}+00,d${n % 3},${n}.5,${n},"say ""${n}"", ü"\n`;
      });
      const content = `ts,device,v,n,note\n${lines.join("")}`;
      const [source, copied] = [join(folder, "in.csv"), join(folder, "out.csv")];
      writeFileSync(source, content);
      const { stdout, stderr } = await type(
        `DELETE FROM ${table};
         \\copy ${table} from '${source}' with (format csv, header)
         \\copy (select * from ${table} order by ts) to '${copied}' with (format csv, header)
         SELECT count(*), sum(n) FROM ${table};`,
        ["-t"],
      );
      expect(stderr).toBe("");
      expect(stdout.trim().split("\n").at(-1)).toBe("2000|1999000");
      expect(readFileSync(copied, "utf8")).toBe(content);
    });

    test("COPY FROM STDIN takes lines of the script, and says where one is bad", async () => {
      const { stdout, stderr } = await type(
        `DELETE FROM ${table};
BEGIN;
COPY ${table} (ts, n) FROM STDIN;
2026-01-05\t1
2026-01-06\t2
\\.
COMMIT;
COPY ${table} (ts, n) FROM STDIN;
2026-01-05\t3
2026-01-06\tx
\\.
BEGIN;
COPY ${table} (ts, n) FROM STDIN;
2026-01-07\t4
\\.
SELECT count(*) FROM ${table};
ROLLBACK;
COPY (SELECT n, note FROM ${table} ORDER BY n) TO STDOUT;
`,
        ["-t"],
      );
      expect(stderr).toContain('ERROR:  22P02: invalid input syntax for type bigint: "x"');
      expect(stdout.trim().split("\n").slice(-3)).toEqual(["3", "1\t\\N", "2\t\\N"]);
    });
  });

  test.each(TABLES)("node-postgres writes %s in transactions", async (table) => {
    const client = await connect(target.port);
    const count = async () =>
      Number((await client.query(`SELECT count(*) AS n FROM ${table}`)).rows[0].n);
    await client.query(`DELETE FROM ${table}`);
    const insert = `INSERT INTO ${table} (ts, device, v, n) VALUES ($1, $2, $3, $4)`;
    await client.query("BEGIN");
    for (let n = 0; n < 50; n += 1) {
      const { rowCount } = await client.query(insert, [new Date(n * 1000), `d${n}`, n / 2, n]);
      expect(rowCount).toBe(1);
    }
    expect(await count()).toBe(50);
    await client.query("SAVEPOINT s");
    await client.query({ name: "more", text: insert, values: [new Date(), "x", null, 50] });
    await expect(client.query(insert, ["never", "x", null, 51])).rejects.toMatchObject({
      code: "22007",
    });
    await client.query("ROLLBACK TO SAVEPOINT s");
    await client.query("COMMIT");
    expect(await count()).toBe(50);
    await client.query("BEGIN");
    const added = await client.query(`${insert} RETURNING n, device`, [new Date(), "r", 1, 99]);
    expect(added.rows).toEqual([{ n: "99", device: "r" }]);
    await client.query("ROLLBACK");
    expect(await count()).toBe(50);
    await client.end();
  });

  test.each(TABLES)("ten clients insert into %s at once, and no row is lost", async (table) => {
    const clients = await Promise.all(Array.from({ length: 10 }, () => connect(target.port)));
    await clients[0]?.query(`DELETE FROM ${table}`);
    const insert = `INSERT INTO ${table} (ts, device, n) VALUES ($1, $2, $3)`;
    const writes = table === "plain" ? 8 : 30; // one transaction at a time writes ordinary tables
    await Promise.all(
      clients.map(async (client, index) => {
        for (let n = 0; n < writes; n += 1) {
          await client.query(insert, [new Date(n * 1000), `c${index}`, n]);
        }
      }),
    );
    const { rows } = (await clients[0]?.query(
      `SELECT count(*) AS rows, count(DISTINCT device) AS devices, sum(n) AS sum FROM ${table}`,
    )) ?? { rows: [] };
    expect(rows).toEqual([
      { rows: `${10 * writes}`, devices: "10", sum: `${5 * writes * (writes - 1)}` },
    ]);
    await Promise.all(clients.map((client) => client.end()));
  });
});
