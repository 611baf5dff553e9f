/** COPY FROM into time-series tables, by a client and from files on the server. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { copyIn } from "../support/copy-client.ts";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;

beforeAll(async () => {
  server = await startLocalServer();
  await server.rows(
    `CREATE TSTABLE m (ts timestamptz NOT NULL, dev text, kwh float8, n int DEFAULT 7, s text NOT NULL DEFAULT 'd')
     TIME COLUMN ts ENTITY (dev) BUCKET '1 hour'`,
  );
});
afterAll(async () => await server.stop());

/** `COPY 3` and the notices, or the error as psql prints it. */
async function outcome(sql: string, data: string): Promise<string> {
  try {
    const { tag, notices } = await copyIn(server.client, `COPY ${sql}`, [data]);
    return [tag, ...notices].join("\n");
  } catch (cause) {
    const { code, message, detail, where } = cause as pg.DatabaseError;
    const more = detail === undefined ? "" : `\nDETAIL:  ${detail}`;
    return `ERROR:  ${code}: ${message}${more}\nCONTEXT:  ${where}`;
  }
}

let rowsBefore = 0;
const count = async () => Number((await server.rows("SELECT count(*) FROM m"))[0]?.[0]);
beforeEach(async () => {
  rowsBefore = await count();
});

const DAY = "2026-01-05";

describe("rows", () => {
  test("of text are there for everybody once COPY has answered", async () => {
    expect(
      await outcome(
        "m (ts, dev, kwh) FROM STDIN",
        `${DAY} 01:00+00\ta\t1.5\n${DAY} 02:00+00\tb\t\\N\n`,
      ),
    ).toBe("COPY 2");
    const other = await server.connect();
    const { rows } = await other.query({
      text: "SELECT * FROM m WHERE ts < '2026-01-06' ORDER BY ts",
      rowMode: "array",
    });
    expect(rows).toEqual([
      [`${DAY} 01:00:00+00`, "a", "1.5", "7", "d"],
      [`${DAY} 02:00:00+00`, "b", null, "7", "d"],
    ]);
  });

  test("of csv with a header may stand in another order", async () => {
    const data = `dev,ts,s,n\n"x, y",2026-02-01T00:00:00Z,"",1\nz,2026-02-01 05:30+05:30,"q""q",\n`;
    expect(await outcome("m (dev, ts, s, n) FROM STDIN (FORMAT csv, HEADER match)", data)).toBe(
      "COPY 2",
    );
    expect(
      await server.rows(
        "SELECT dev, ts, s, n FROM m WHERE ts >= '2026-02-01' AND ts < '2026-03-01' ORDER BY dev",
      ),
    ).toEqual([
      ["x, y", "2026-02-01 00:00:00+00", "", "1"],
      ["z", "2026-02-01 00:00:00+00", 'q"q', null],
    ]);
  });

  test("of binary are what COPY TO has written", async () => {
    const out = join(server.folder, "rows.bin");
    await server.rows(
      `COPY (SELECT timestamptz '2026-04-01' AS ts, 'bin' AS dev, 0.25::float8 AS kwh, 3 AS n, 's' AS s) TO '${out}' (FORMAT binary)`,
    );
    const { command, rowCount } = await server.client.query(`COPY m FROM '${out}' (FORMAT binary)`);
    expect([command, rowCount]).toEqual(["COPY", 1]);
    expect(await server.rows("SELECT * FROM m WHERE dev = 'bin'")).toEqual([
      ["2026-04-01 00:00:00+00", "bin", "0.25", "3", "s"],
    ]);
  });

  test("may leave columns to DEFAULT by a marker, and be chosen by WHERE", async () => {
    const data = `2026-05-01,a,1,D,x\n2026-05-02,b,2,4,D\n2026-05-03,c,3,D,D\n`;
    expect(
      await outcome("m FROM STDIN (FORMAT csv, DEFAULT 'D') WHERE kwh > 1 AND dev <> 'zz'", data),
    ).toBe("COPY 2");
    expect(
      await server.rows(
        "SELECT dev, n, s FROM m WHERE ts >= '2026-05-01' AND ts < '2026-06-01' ORDER BY ts",
      ),
    ).toEqual([
      ["b", "4", "d"],
      ["c", "7", "d"],
    ]);
  });

  test("that are wrong can be skipped", async () => {
    const data = "2026-06-01\ta\t1\nnever\tb\t2\n2026-06-03\tc\tthree\n";
    const copied = await outcome("m (ts, dev, kwh) FROM STDIN (ON_ERROR ignore)", data);
    expect(copied).toBe("COPY 1\n2 rows were skipped due to data type incompatibility");
  });
});

describe("a COPY that fails leaves nothing and says where", () => {
  test.each([
    [
      "m (ts, dev, kwh) FROM STDIN",
      "2026-01-05\ta\t1\n2026-01-05\ta\tx\n",
      '22P02: invalid input syntax for type double precision: "x"',
      'COPY m, line 2, column kwh: "x"',
    ],
    [
      "m (ts, dev, kwh) FROM STDIN",
      "2026-01-05\ta\n",
      '22P04: missing data for column "kwh"',
      'COPY m, line 1: "2026-01-05\ta"',
    ],
    [
      "m (ts, dev, kwh) FROM STDIN",
      "2026-01-05\ta\t1\n\\N\tb\t2\n",
      '23502: null value in column "ts" of relation "m" violates not-null constraint\nDETAIL:  Failing row contains (null, b, 2, 7, d).',
      'COPY m, line 2: "\\N\tb\t2"',
    ],
    [
      "m (ts, dev, s) FROM STDIN",
      "2026-01-05\tx\t\\N\nbad\tx\ty\n",
      '23502: null value in column "s" of relation "m" violates not-null constraint\nDETAIL:  Failing row contains (2026-01-05 00:00:00+00, x, null, 7, null).',
      'COPY m, line 1: "2026-01-05\tx\t\\N"',
    ],
    [
      "m (ts, dev) FROM STDIN (FORMAT csv)",
      '2026-01-05,"open\n',
      "22P04: unterminated CSV quoted field",
      undefined,
    ],
    [
      "m (dev) FROM STDIN",
      "x\n",
      '23502: null value in column "ts" of relation "m" violates not-null constraint\nDETAIL:  Failing row contains (null, x, null, 7, d).',
      'COPY m, line 1: "x"',
    ],
  ])("%s of %j", async (sql, data, message, where) => {
    const text = await outcome(sql, data);
    expect(text).toContain(`ERROR:  ${message}`);
    if (where !== undefined) expect(text).toContain(`CONTEXT:  ${where}`);
    expect(await count()).toBe(rowsBefore);
  });

  test.each([
    ["COPY nowhere FROM STDIN", "42P01", 'relation "nowhere" does not exist'],
    ["COPY m (zz) FROM STDIN", "42703", 'column "zz" of relation "m" does not exist'],
    ["COPY m (ts, ts) FROM STDIN", "42701", 'column "ts" specified more than once'],
    ["COPY m FROM STDIN WHERE zz = 1", "42703", 'column "zz" does not exist'],
    [
      "COPY m FROM STDIN WHERE kwh > (SELECT 1)",
      "0A000",
      "cannot use subquery in COPY FROM WHERE condition",
    ],
    [
      "COPY m FROM PROGRAM 'ls'",
      "42501",
      "permission denied to COPY to or from an external program",
    ],
    ["COPY m FROM '/etc/passwd'", "42501", 'permission denied for path "/etc/passwd"'],
    [
      "COPY m FROM STDIN (FREEZE)",
      "0A000",
      "COPY FREEZE into a time-series table is not supported yet",
    ],
    ["COPY pg_class FROM STDIN", "42501", "permission denied for table pg_class"],
  ])("%s", async (sql, code, message) => {
    const error = await server.refusal(sql);
    expect([error.code, error.message]).toEqual([code, message]);
  });

  test("inside a block rolls back with it", async () => {
    const path = join(server.folder, "block.csv");
    writeFileSync(path, "2026-07-01,blk,1\n");
    await server.rows("BEGIN");
    await server.rows(`COPY m (ts, dev, kwh) FROM '${path}' (FORMAT csv)`);
    expect(await count()).toBe(rowsBefore + 1);
    await server.rows("ROLLBACK");
    expect(await count()).toBe(rowsBefore);
  });
});

describe("a client that gives up", () => {
  const sql = "COPY m (ts, dev, kwh) FROM STDIN";
  const line = (i: number) => `2026-08-01 ${String(i % 24).padStart(2, "0")}:00+00\tgone${i}\t1\n`;

  test("by CopyFail leaves nothing", async () => {
    const failed = copyIn(server.client, sql, [line(1), line(2)], "changed my mind");
    await expect(failed).rejects.toMatchObject({
      code: "57014",
      message: "COPY from stdin failed: changed my mind",
    });
    expect(await count()).toBe(rowsBefore);
  });

  test("by leaving in the middle leaves nothing", async () => {
    const gone = await server.connect();
    const many = Array.from({ length: 50_000 }, (_, i) => line(i)).join("");
    const copied = copyIn(gone, sql, [many]).catch(() => "gone");
    (
      gone as unknown as { connection: { stream: { destroy(): void } } }
    ).connection.stream.destroy();
    expect(await Promise.race([copied, gone.end().then(() => "gone")])).toBe("gone");
    expect(await count()).toBe(rowsBefore);
  });

  test("may go on with other statements after an error, whatever it still sent", async () => {
    const rest = Array.from({ length: 20_000 }, (_, i) => line(i));
    await expect(copyIn(server.client, sql, ["bad\n", ...rest])).rejects.toMatchObject({
      code: "22007",
    });
    expect(await count()).toBe(rowsBefore);
    expect((await copyIn(server.client, sql, [line(3)])).tag).toBe("COPY 1");
  });
});

test("many COPYs at once each come in whole", async () => {
  const clients = await Promise.all(Array.from({ length: 12 }, () => server.connect()));
  const copies = clients.map(async (client, at) => {
    const lines = Array.from(
      { length: 500 },
      (_, i) => `2026-09-01 00:00:${String(i % 60).padStart(2, "0")}\tc${at}\t${i}\n`,
    );
    return (await copyIn(client, "COPY m (ts, dev, kwh) FROM STDIN", lines)).tag;
  });
  expect(new Set(await Promise.all(copies))).toEqual(new Set(["COPY 500"]));
  expect(await count()).toBe(rowsBefore + 12 * 500);
});

test("a large COPY becomes sorted segments at once, and nothing when its last row is wrong", async () => {
  const padding = "x".repeat(70);
  const lines: string[] = [];
  const start = Date.parse("2027-01-01T00:00:00Z");
  for (let i = 0; i < 200_000; i += 1) {
    lines.push(
      `${new Date(start + i * 1000).toISOString()},dev${i % 7},${i / 8},${i},${padding} ${i}`,
    );
  }
  const good = `${lines.join("\n")}\n`;
  const bad = await outcome("m FROM STDIN (FORMAT csv)", `${good}2027-01-01,x,1,nine,x\n`);
  expect(bad).toContain('CONTEXT:  COPY m, line 200001, column n: "nine"');
  expect(await count()).toBe(rowsBefore);
  expect(await outcome("m FROM STDIN (FORMAT csv)", good)).toBe("COPY 200000");
  const sums =
    "SELECT count(*), sum(n), min(ts), max(ts), count(DISTINCT dev) FROM m WHERE ts >= '2027-01-01'";
  const expected = [
    [
      "200000",
      String((200_000 * 199_999) / 2),
      "2027-01-01 00:00:00+00",
      "2027-01-03 07:33:19+00",
      "7",
    ],
  ];
  expect(await server.rows(sums)).toEqual(expected);
  await server.restart();
  expect(await server.rows(sums)).toEqual(expected);
});
