/** Files into tables with GRAIN ROW: no (entity, time) twice, whichever file or row has it. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;
let tables = 0;
let files = 0;

beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(async () => await server.stop());
afterEach(async () => void (await server.rows("ROLLBACK")));

const DAY = "2026-01-05";

async function meters(rest = "GRAIN ROW", key = ""): Promise<string> {
  tables += 1;
  const name = `m${tables}`;
  await server.rows(
    `CREATE TSTABLE ${name} (ts timestamptz NOT NULL, dev text, kwh float8${key})
     TIME COLUMN ts ENTITY (dev) BUCKET '1 hour' ${rest}`,
  );
  return name;
}

/** `rows`: like `01:00 a 1`. */
function insert(table: string, rows: readonly string[]): string {
  const values = rows.map((row) => {
    const [time, dev, kwh] = row.split(" ");
    return `('${DAY} ${time}+00', '${dev}', ${kwh})`;
  });
  return `INSERT INTO ${table} VALUES ${values.join(", ")}`;
}

async function file(rows: readonly string[]): Promise<string> {
  files += 1;
  const values = rows.map((row) => {
    const [time, dev, kwh] = row.split(" ");
    return `(TIMESTAMP '${DAY} ${time}', '${dev}', ${kwh}::DOUBLE)`;
  });
  const select = `SELECT * FROM (VALUES ${values.join(", ")}) v(ts, dev, kwh)`;
  return await server.parquet(`f${files}.parquet`, select);
}

async function append(table: string, rows: readonly string[], rest = ""): Promise<string> {
  return `APPEND PARQUET '${await file(rows)}' INTO ${table} ${rest}`;
}

/** Of the only file: action, rows, rows_skipped, overlap_buckets. */
async function report(sql: string): Promise<string> {
  const [row = []] = await server.rows(sql);
  return [row[1], row[3], row[4], row[10]].join(" ");
}

async function all(table: string): Promise<string> {
  const rows = await server.rows(
    `SELECT to_char(ts AT TIME ZONE 'UTC', 'HH24:MI'), dev, kwh FROM ${table} ORDER BY dev, ts, kwh`,
  );
  return rows.map((row) => row.join(" ")).join(", ");
}

describe.each([
  ["hot", async () => undefined],
  ["flushed", async (m: string) => void (await server.rows(`FLUSH ${m}`))],
  ["of another file", undefined],
])("over rows that are %s", (_, then) => {
  async function begun(rest?: string, key?: string): Promise<string> {
    const m = await meters(rest, key);
    const rows = ["01:10 a 1", "01:20 a 2", "01:10 b 3"];
    await server.rows(then === undefined ? await append(m, rows) : insert(m, rows));
    await then?.(m);
    return m;
  }

  test("REJECT lets other times of covered buckets in, and names a key that is there", async () => {
    const m = await begun();
    expect(await report(await append(m, ["01:30 a 4", "02:10 a 5"]))).toBe("copied 2 0 1");
    const again = await server.refusal(await append(m, ["01:40 a 6", "01:20 a 7", "01:10 b 8"]));
    expect(again).toMatchObject({ code: "23505", constraint: `${m}_row_key` });
    expect(again.detail).toMatch(
      new RegExp(
        `^Key \\(dev, ts\\)=\\(a, ${DAY} 01:20:00\\+00\\) already exists. File: .*parquet.$`,
      ),
    );
    expect(await all(m)).toBe("01:10 a 1, 01:20 a 2, 01:30 a 4, 02:10 a 5, 01:10 b 3");
  });

  test("SKIP leaves out the rows that are there, and only these", async () => {
    const m = await begun("GRAIN ROW ON OVERLAP SKIP");
    const again = await append(m, ["01:20 a 7", "01:30 a 4", "01:10 b 8", "02:10 b 5"]);
    expect(await report(again)).toBe("rewritten 2 2 2");
    expect(await report(again)).toBe("skipped 0 4 3");
    expect(await all(m)).toBe("01:10 a 1, 01:20 a 2, 01:30 a 4, 01:10 b 3, 02:10 b 5");
  });

  test("REPLACE puts the file's rows in the place of those that are there", async () => {
    const m = await begun("GRAIN ROW ON OVERLAP REPLACE", ", PRIMARY KEY (dev, ts)");
    const again = await append(m, ["01:20 a 7", "01:30 a 4", "02:10 b 5"]);
    expect(await report(again)).toBe("replaced 3 0 1");
    const after = "01:10 a 1, 01:20 a 7, 01:30 a 4, 01:10 b 3, 02:10 b 5";
    expect(await all(m)).toBe(after);
    await server.restart();
    expect(await all(m)).toBe(after);
    const gaps = `SELECT sum(buckets) FROM coverage_gaps('${m}', '${DAY}', '${DAY} 04:00')`;
    expect(await server.rows(gaps)).toEqual([["5"]]);
  });
});

test("rows that repeat within a statement's files follow the policy, too", async () => {
  const m = await meters();
  const [one, two] = [
    await file(["01:10 a 1", "01:20 a 2", "01:20 a 3"]),
    await file(["01:10 a 4", "01:30 a 5"]),
  ];
  const both = `APPEND PARQUET ARRAY['${one}', '${two}'] INTO ${m}`;
  expect(await server.refusal(both)).toMatchObject({ code: "23505" });
  expect(await server.refusal(`APPEND PARQUET '${one}' INTO ${m}`)).toMatchObject({
    code: "23505",
  });
  await server.rows("BEGIN");
  await server.rows(`${both} ON OVERLAP SKIP`);
  expect(await all(m)).toBe("01:10 a 1, 01:20 a 2, 01:30 a 5");
  await server.rows("ROLLBACK");
  await server.rows(`${both} ON OVERLAP REPLACE`);
  expect(await all(m)).toBe("01:10 a 4, 01:20 a 3, 01:30 a 5");
  await server.rows(`APPEND PARQUET '${one}' INTO ${m} ON OVERLAP ALLOW`);
  expect(await all(m)).toBe("01:10 a 1, 01:10 a 4, 01:20 a 2, 01:20 a 3, 01:20 a 3, 01:30 a 5");
});

test("a transaction's own rows count, savepoints bring back what was replaced", async () => {
  const m = await meters("GRAIN ROW ON OVERLAP REPLACE");
  await server.rows(insert(m, ["01:10 a 1"]));
  await server.rows("BEGIN");
  await server.rows(insert(m, ["01:20 a 2"]));
  const again = await append(m, ["01:10 a 3", "01:20 a 3", "01:30 a 3"], "ON OVERLAP REJECT");
  await server.rows("SAVEPOINT s");
  expect(await server.refusal(again)).toMatchObject({ code: "23505" });
  await server.rows("ROLLBACK TO s");
  await server.rows(again.replace("REJECT", "REPLACE"));
  expect(await all(m)).toBe("01:10 a 3, 01:20 a 3, 01:30 a 3");
  await server.rows("ROLLBACK TO s");
  expect(await all(m)).toBe("01:10 a 1, 01:20 a 2");
  await server.rows(again.replace("REJECT", "SKIP"));
  await server.rows("COMMIT");
  expect(await all(m)).toBe("01:10 a 1, 01:20 a 2, 01:30 a 3");
});

test("COPY of a Parquet file does as APPEND, and tells how many rows it left out", async () => {
  const m = await meters();
  await server.rows(insert(m, ["01:10 a 1"]));
  const path = await file(["01:10 a 2", "01:20 a 2"]);
  const heard: (string | undefined)[] = [];
  const listen = ({ message }: { message?: string | undefined }) => heard.push(message);
  server.client.on("notice", listen);
  const sql = (overlap: string) =>
    `COPY ${m} FROM '${path}' (FORMAT parquet, OVERLAP '${overlap}')`;
  expect((await server.client.query(sql("skip"))).rowCount).toBe(1);
  server.client.off("notice", listen);
  expect(heard).toEqual(["1 row skipped (already covered)"]);
  expect((await server.client.query(sql("replace"))).rowCount).toBe(2);
  expect(await server.refusal(sql("reject"))).toMatchObject({ code: "23505" });
  expect(await all(m)).toBe("01:10 a 2, 01:20 a 2");
});

test("an append waits for whoever inserts, and whoever inserts for it", async () => {
  const m = await meters("GRAIN ROW ON OVERLAP SKIP");
  const other = await server.connect();
  await other.query("BEGIN");
  await other.query(insert(m, ["01:10 a 1"]));
  const mine = server.rows(await append(m, ["01:10 a 2", "01:20 a 2"]));
  await other.query("COMMIT");
  await mine;
  await other.query("BEGIN");
  await other.query(await append(m, ["01:30 a 3"]));
  const later = server.rows(insert(m, ["01:30 a 4", "01:40 a 4"]));
  await other.query("COMMIT");
  await later;
  expect(await all(m)).toBe("01:10 a 1, 01:20 a 2, 01:30 a 3, 01:40 a 4");
  await other.end();
});

test("an append by row is a version with its key, told once", async () => {
  const m = await meters("GRAIN ROW ON OVERLAP SKIP");
  await server.rows(insert(m, ["01:10 a 1"]));
  const sql = await append(m, ["01:10 a 2", "01:20 a 2"], "WITH (idempotency_key = 'k')");
  await server.rows(sql);
  await server.rows(`DELETE FROM ${m} WHERE ts = '${DAY} 01:20+00'`);
  await server.rows(sql);
  expect(await all(m)).toBe("01:10 a 1");
});

test.each([
  ["date", "DATE '2026-01-05'", "bigint", "7::BIGINT", "'1 day'", "(7, 2026-01-05)"],
  ["int8", "42::BIGINT", "uuid", "'0d4c2f36-6b0e-4c8c-a7b5-6b1d5c0f1a11'", "10", "1a11, 42)"],
  [
    "timestamp",
    "TIMESTAMP '1969-12-31 23:59:59.999999'",
    "int",
    "-3::INTEGER",
    "'1 hour'",
    "(-3, 1969-12-31 23:59:59.999999)",
  ],
])(
  "keys of %s and other entity types are found in files",
  async (time, t, type, e, bucket, key) => {
    tables += 1;
    const m = `m${tables}`;
    await server.rows(
      `CREATE TSTABLE ${m} (t ${time} NOT NULL, e ${type}, v text)
     TIME COLUMN t ENTITY (e) BUCKET ${bucket} GRAIN ROW`,
    );
    const select = (v: string) => `SELECT ${t} AS t, ${e} AS e, '${v}' AS v`;
    const [one, two] = [
      await server.parquet(`${m}-1.parquet`, select("x")),
      await server.parquet(`${m}-2.parquet`, select("y")),
    ];
    await server.rows(`APPEND PARQUET '${one}' INTO ${m}`);
    const { code, detail } = await server.refusal(`APPEND PARQUET '${two}' INTO ${m}`);
    expect(code).toBe("23505");
    expect(detail).toContain(key);
    await server.rows(`APPEND PARQUET '${two}' INTO ${m} ON OVERLAP SKIP`);
    expect(await server.rows(`SELECT v FROM ${m}`)).toEqual([["x"]]);
    await server.rows(`APPEND PARQUET '${two}' INTO ${m} ON OVERLAP REPLACE`);
    expect(await server.rows(`SELECT v FROM ${m}`)).toEqual([["y"]]);
    await server.rows("SET tstable.on_overlap = replace");
    await server.rows(`INSERT INTO ${m} SELECT t, e, 'z' FROM ${m}`);
    await server.rows("RESET tstable.on_overlap");
    expect(await server.rows(`SELECT v FROM ${m}`)).toEqual([["z"]]);
  },
);
