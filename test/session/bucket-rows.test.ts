/** INSERT and COPY where a statement may not repeat a covered bucket: GRAIN BUCKET, or OVERLAP. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
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

async function meters(rest = "GRAIN BUCKET", key = ""): Promise<string> {
  tables += 1;
  const name = `m${tables}`;
  await server.rows(
    `CREATE TSTABLE ${name} (ts timestamptz NOT NULL, dev text, kwh float8${key})
     TIME COLUMN ts ENTITY (dev) BUCKET '1 hour' ${rest}`,
  );
  return name;
}

/** `rows`: like `01:00 a 1`. */
function insert(table: string, rows: readonly string[], rest = ""): string {
  const values = rows.map((row) => {
    const [time, dev, kwh] = row.split(" ");
    return `('${DAY} ${time}+00', '${dev}', ${kwh})`;
  });
  return `INSERT INTO ${table} VALUES ${values.join(", ")} ${rest}`;
}

function copy(table: string, rows: readonly string[], options = ""): string {
  files += 1;
  const file = join(server.folder, `in-${files}`);
  const lines = rows.map((row) => {
    const [time, dev, kwh] = row.split(" ");
    return `${DAY} ${time}+00\t${dev}\t${kwh}\n`;
  });
  writeFileSync(file, lines.join(""));
  return `COPY ${table} FROM '${file}' WITH (FORMAT text${options})`;
}

async function tag(sql: string, client: pg.Client = server.client): Promise<string> {
  const { command, rowCount } = await client.query(sql);
  return `${command} ${rowCount}`;
}

async function all(table: string): Promise<string> {
  const rows = await server.rows(
    `SELECT to_char(ts AT TIME ZONE 'UTC', 'HH24:MI'), dev, kwh FROM ${table} ORDER BY dev, ts, kwh`,
  );
  return rows.map((row) => row.join(" ")).join(", ");
}

async function notices(act: () => Promise<unknown>): Promise<readonly (string | undefined)[]> {
  const heard: (string | undefined)[] = [];
  const listen = ({ message }: { message?: string | undefined }) => heard.push(message);
  server.client.on("notice", listen);
  await act();
  server.client.off("notice", listen);
  return heard;
}

test.each([
  ["INSERT", insert],
  ["COPY", copy],
])("%s into a covered bucket is refused whole, told as of an append", async (_, write) => {
  const m = await meters();
  // Rows of one statement may share a bucket.
  await server.rows(write(m, ["01:10 a 1", "01:20 a 2", "02:10 b 3"]));
  const again = write(m, ["03:10 a 4", "01:30 a 5", "02:40 b 6", "02:41 b 7"]);
  const fields = {
    code: "23P01",
    message: `append to "${m}" overlaps 2 covered buckets`,
    schema: "public",
    table: m,
    constraint: `${m}_coverage_excl`,
  };
  const first = `First: dev = 'a', bucket [${DAY} 01:00:00+00, ${DAY} 02:00:00+00), already in`;
  const hot = await server.refusal(again);
  expect(hot).toMatchObject({ ...fields, detail: `${first} rows not yet published.` });
  expect(hot.hint).toContain("GRAIN ROW");
  await server.rows(`FLUSH ${m}`);
  const flushed = await server.refusal(again);
  expect(flushed).toMatchObject(fields);
  expect(flushed.detail).toMatch(/already in segment \w+.* \(version 2\)\.$/);
  await server.rows(write(m, ["03:10 a 4", "01:30 b 5"]));
  expect(await all(m)).toBe("01:10 a 1, 01:20 a 2, 03:10 a 4, 01:30 b 5, 02:10 b 3");
});

test.each([
  ["INSERT", insert],
  ["COPY", copy],
])("%s under SKIP leaves out the rows of covered buckets and counts them", async (kind, write) => {
  const m = await meters("ON OVERLAP SKIP GRAIN BUCKET");
  await server.rows(write(m, ["01:10 a 1"]));
  const more = write(m, ["01:30 a 2", "02:10 a 3", "02:11 a 4", "01:10 b 5"]);
  const heard = await notices(async () => expect(await tag(more)).toBe(`${kind} 3`));
  expect(heard).toEqual(["1 row skipped (already covered)"]);
  await server.rows(`FLUSH ${m}`);
  await server.rows("SET tstable.copy_notices = off");
  expect(await notices(async () => expect(await tag(more)).toBe(`${kind} 0`))).toEqual([]);
  await server.rows("RESET tstable.copy_notices");
  expect(await all(m)).toBe("01:10 a 1, 02:10 a 3, 02:11 a 4, 01:10 b 5");
});

test.each([
  ["INSERT", insert],
  ["COPY", copy],
])("%s under REPLACE puts its rows in the place of covered buckets", async (kind, write) => {
  const m = await meters("ON OVERLAP REPLACE GRAIN BUCKET");
  await server.rows(write(m, ["01:10 a 1", "01:20 a 2", "02:10 a 3"]));
  await server.rows(`FLUSH ${m}`);
  await server.rows(write(m, ["03:10 a 4", "03:20 b 4"]));
  expect(await tag(write(m, ["01:30 a 5", "03:30 a 6", "03:31 a 7"]))).toBe(`${kind} 3`);
  const after = "01:30 a 5, 02:10 a 3, 03:30 a 6, 03:31 a 7, 03:20 b 4";
  expect(await all(m)).toBe(after);
  await server.restart();
  expect(await all(m)).toBe(after);
});

test("ALLOW keeps both, by table, session and statement, the nearest word first", async () => {
  const m = await meters("ON OVERLAP SKIP GRAIN BUCKET");
  await server.rows(copy(m, ["01:10 a 1"]));
  expect(await tag(copy(m, ["01:10 a 2"]))).toBe("COPY 0");
  await server.rows("SET tstable.on_overlap = 'allow'");
  expect(await tag(copy(m, ["01:10 a 2"]))).toBe("COPY 1");
  expect(await tag(insert(m, ["01:10 a 3"]))).toBe("INSERT 1");
  expect(await server.refusal(copy(m, ["01:10 a 4"], ", OVERLAP 'reject'"))).toMatchObject({
    code: "23P01",
  });
  await server.rows("RESET tstable.on_overlap");
  expect(await tag(copy(m, ["01:40 a 9"], ", OVERLAP 'replace'"))).toBe("COPY 1");
  expect(await all(m)).toBe("01:40 a 9");
});

test("a table without a key or grain follows buckets where COPY says OVERLAP", async () => {
  const m = await meters("");
  await server.rows(copy(m, ["01:10 a 1"]));
  await server.rows(copy(m, ["01:10 a 2"]));
  expect(await tag(copy(m, ["01:10 a 3", "02:10 a 3"], ", OVERLAP 'skip'"))).toBe("COPY 1");
  expect(await tag(copy(m, ["01:50 a 4"], ", OVERLAP 'replace'"))).toBe("COPY 1");
  expect(await all(m)).toBe("01:50 a 4, 02:10 a 3");
});

test("ON CONFLICT DO NOTHING leaves out the rows of covered buckets", async () => {
  const m = await meters();
  await server.rows(insert(m, ["01:10 a 1"]));
  const sql = insert(m, ["01:20 a 2", "02:10 a 3"], "ON CONFLICT DO NOTHING RETURNING kwh");
  expect(await server.rows(sql)).toEqual([["3"]]);
  expect(await server.rows(sql)).toEqual([]);
  expect(await all(m)).toBe("01:10 a 1, 02:10 a 3");
});

test.each([
  ["INSERT", insert],
  ["COPY", copy],
])("a declared key holds within one %s, too, and buckets go first", async (_, write) => {
  const m = await meters("GRAIN BUCKET", ", PRIMARY KEY (dev, ts)");
  expect(await server.refusal(write(m, ["05:10 a 1", "05:10 a 2"]))).toMatchObject({
    code: "23505",
  });
  await server.rows("BEGIN");
  await server.rows(write(m, ["01:10 a 1", "01:20 a 2"]));
  expect(await server.refusal(write(m, ["01:20 a 3"]))).toMatchObject({ code: "23P01" });
  await server.rows("ROLLBACK");
  await server.rows(write(m, ["01:10 a 1", "01:20 a 2"]));
  await server.rows("SET tstable.on_overlap = replace");
  await server.rows(write(m, ["01:10 a 3", "02:10 a 2"]));
  await server.rows("RESET tstable.on_overlap");
  expect(await all(m)).toBe("01:10 a 3, 02:10 a 2");
});

describe("transactions", () => {
  test("see their own buckets, and savepoints give them back", async () => {
    const m = await meters();
    await server.rows("BEGIN");
    await server.rows(insert(m, ["01:10 a 1"]));
    await server.rows("SAVEPOINT s");
    await server.rows(copy(m, ["02:10 a 2"]));
    expect(await server.refusal(insert(m, ["01:20 a 9"]))).toMatchObject({ code: "23P01" });
    await server.rows("ROLLBACK TO s");
    await server.rows(copy(m, ["02:20 a 3"]));
    await server.rows("SET LOCAL tstable.on_overlap = replace");
    await server.rows(insert(m, ["01:30 a 4"]));
    await server.rows("SAVEPOINT t");
    await server.rows(insert(m, ["02:30 a 5"]));
    expect(await all(m)).toBe("01:30 a 4, 02:30 a 5");
    await server.rows("ROLLBACK TO t");
    await server.rows("COMMIT");
    expect(await all(m)).toBe("01:30 a 4, 02:20 a 3");
  });

  test("wait for another one that has claimed the bucket, and go by how it ends", async () => {
    for (const end of ["COMMIT", "ROLLBACK"]) {
      for (const policy of ["reject", "skip", "replace"]) {
        const m = await meters(`ON OVERLAP ${policy} GRAIN BUCKET`);
        const other = await server.connect();
        await other.query("BEGIN");
        await other.query(insert(m, ["01:10 a 1", "01:11 a 1"]));
        let isDone = false;
        const waiting = tag(copy(m, ["01:20 a 2", "02:20 a 2"]))
          .catch(({ code }) => code)
          .finally(() => (isDone = true));
        const third = await server.connect();
        expect(await tag(insert(m, ["01:10 b 3"]), third)).toBe("INSERT 1");
        expect(isDone).toBe(false);
        await other.query(end);
        const isThere = end === "COMMIT";
        const outcome = { reject: "23P01", skip: "COPY 1", replace: "COPY 2" }[policy];
        expect(await waiting).toBe(isThere ? outcome : "COPY 2");
        const [[rows] = []] = await server.rows(`SELECT count(*) FROM ${m} WHERE dev = 'a'`);
        expect(rows).toBe(isThere && policy === "skip" ? "3" : "2");
        await other.end();
        await third.end();
      }
    }
  });

  test("files and rows know of each other, and a deadlock is one", async () => {
    const m = await meters();
    const file = await server.parquet(
      "there.parquet",
      `SELECT TIMESTAMP '${DAY} 02:00' AS ts, 'a' AS dev, 5::DOUBLE AS kwh`,
    );
    const other = await server.connect();
    await server.rows("BEGIN");
    await other.query("BEGIN");
    await server.rows(insert(m, ["02:10 a 1"]));
    await other.query(insert(m, ["03:10 a 1"]));
    const second = async () => {
      const outcome = await tag(`APPEND PARQUET '${file}' INTO ${m}`, other).catch(
        ({ code }) => code,
      );
      await other.query("ROLLBACK");
      return outcome;
    };
    const first = tag(insert(m, ["03:20 a 2"])).catch(({ code }) => code);
    const outcomes = await Promise.all([first, second()]);
    expect(outcomes).toContain("40P01");
    await server.rows("ROLLBACK");
    await server.rows(`APPEND PARQUET '${file}' INTO ${m}`);
    expect(await server.refusal(insert(m, ["02:10 a 1"]))).toMatchObject({ code: "23P01" });
    await other.end();
  });
});

test("of many clients that write the same buckets at once one gets each", async () => {
  const m = await meters("ON OVERLAP SKIP GRAIN BUCKET");
  const clients = await Promise.all(Array.from({ length: 6 }, () => server.connect()));
  const two = (n: number) => String(n).padStart(2, "0");
  await Promise.all(
    clients.map(async (client, i) => {
      for (let hour = 0; hour < 20; hour += 2) {
        const rows = [0, 1].flatMap((more) =>
          [10, 20].map((minute) => `${two(hour + more)}:${minute + i} a ${i}`),
        );
        await client.query(hour % 4 === 0 ? insert(m, rows) : copy(m, rows));
        if (i === 0 && hour % 6 === 0) await client.query(`FLUSH ${m}`);
      }
    }),
  );
  const rows = await server.rows(
    `SELECT date_trunc('hour', ts), count(*), count(DISTINCT kwh) FROM ${m} GROUP BY 1`,
  );
  expect(rows.length).toBe(20);
  expect(rows.every(([, count, writers]) => count === "2" && writers === "1")).toBe(true);
  for (const client of clients) await client.end();
});

test("a COPY of many rows follows the policy as a whole", async () => {
  const m = await meters("ON OVERLAP REPLACE GRAIN BUCKET");
  const select = (v: number) =>
    `SELECT timestamptz '${DAY} 00:00+00' + i * interval '100 ms', 'd' || i % 3, ${v} FROM generate_series(0, 399999) i`;
  for (const v of [1, 2]) {
    expect(await tag(`INSERT INTO ${m} ${select(v)}`)).toBe("INSERT 400000");
    expect(await server.rows(`SELECT count(*), min(kwh), max(kwh) FROM ${m}`)).toEqual([
      ["400000", String(v), String(v)],
    ]);
  }
  await server.rows("SET tstable.on_overlap = skip");
  expect(await tag(`INSERT INTO ${m} ${select(3)}`)).toBe("INSERT 0");
  await server.rows("RESET tstable.on_overlap");
});

test("a COPY of many rows into buckets holds a declared key, too", async () => {
  const m = await meters("GRAIN BUCKET", ", PRIMARY KEY (dev, ts)");
  const select = (rest: string) =>
    `SELECT timestamptz '${DAY} 00:00+00' + i * interval '100 ms', 'd' || i % 3, 1
     FROM generate_series(0, 599999) i ${rest}`;
  const twice = `INSERT INTO ${m} ${select(`UNION ALL SELECT '${DAY} 00:00:03+00', 'd0', 2`)}`;
  expect(await server.refusal(twice)).toMatchObject({
    code: "23505",
    detail: `Key (dev, ts)=(d0, ${DAY} 00:00:03+00) already exists.`,
  });
  expect(await tag(`INSERT INTO ${m} ${select("")}`)).toBe("INSERT 600000");
});
