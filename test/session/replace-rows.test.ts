/** ON OVERLAP REPLACE where no (entity, time) comes twice: the newer row wins, wherever the older is. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
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

async function meters(key: string, rest: string): Promise<string> {
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

async function tag(sql: string, client = server.client): Promise<string> {
  const { command, rowCount } = await client.query(sql);
  return `${command} ${rowCount}`;
}

async function all(table: string): Promise<string> {
  const rows = await server.rows(
    `SELECT to_char(ts AT TIME ZONE 'UTC', 'HH24:MI'), dev, kwh FROM ${table} ORDER BY dev, ts, kwh`,
  );
  return rows.map((row) => row.join(" ")).join(", ");
}

describe.each([
  ["a declared key", ", PRIMARY KEY (dev, ts)", "ON OVERLAP REPLACE"],
  ["GRAIN ROW", "", "ON OVERLAP REPLACE GRAIN ROW"],
])("%s", (_, key, rest) => {
  test("the newer row wins, in memory, in segments, after a restart", async () => {
    const m = await meters(key, rest);
    await server.rows(insert(m, ["01:10 a 1", "01:20 a 2", "01:10 b 3"]));
    expect(await tag(insert(m, ["01:10 a 4", "01:30 a 5"]))).toBe("INSERT 2");
    expect(await all(m)).toBe("01:10 a 4, 01:20 a 2, 01:30 a 5, 01:10 b 3");
    await server.rows(`FLUSH ${m}`);
    expect(await tag(copy(m, ["01:20 a 6", "02:10 a 7"]))).toBe("COPY 2");
    expect(await tag(copy(m, ["02:10 a 8", "01:30 a 9", "01:10 b 9"]))).toBe("COPY 3");
    const after = "01:10 a 4, 01:20 a 6, 01:30 a 9, 02:10 a 8, 01:10 b 9";
    expect(await all(m)).toBe(after);
    await server.restart();
    expect(await all(m)).toBe(after);
    await server.rows(`FLUSH ${m}`);
    expect(await all(m)).toBe(after);
  });

  test("the last of a statement's rows wins, and all count", async () => {
    const m = await meters(key, rest);
    expect(await tag(insert(m, ["01:10 a 1", "01:10 a 2", "01:20 a 3"]))).toBe("INSERT 3");
    expect(await tag(copy(m, ["01:20 a 4", "01:20 a 5", "01:20 a 6"]))).toBe("COPY 3");
    expect(await server.rows(`${insert(m, ["01:10 a 7", "01:10 a 8"])} RETURNING kwh`)).toEqual([
      ["7"],
      ["8"],
    ]);
    expect(await all(m)).toBe("01:10 a 8, 01:20 a 6");
  });

  test("a transaction replaces its own rows, and savepoints bring them back", async () => {
    const m = await meters(key, rest);
    await server.rows(insert(m, ["01:10 a 1", "05:10 a 1"]));
    await server.rows("BEGIN");
    await server.rows(insert(m, ["01:10 a 2", "02:10 a 2"]));
    await server.rows("SAVEPOINT s");
    await server.rows(copy(m, ["01:10 a 3", "02:10 a 3", "03:10 a 3", "05:10 a 3"]));
    expect(await all(m)).toBe("01:10 a 3, 02:10 a 3, 03:10 a 3, 05:10 a 3");
    await server.rows("ROLLBACK TO s");
    expect(await all(m)).toBe("01:10 a 2, 02:10 a 2, 05:10 a 1");
    await server.rows(`DELETE FROM ${m} WHERE ts >= '${DAY} 05:00+00'`);
    await server.rows(insert(m, ["05:10 a 4", "02:10 a 4"]));
    await server.rows("COMMIT");
    expect(await all(m)).toBe("01:10 a 2, 02:10 a 4, 05:10 a 4");
    await server.rows("BEGIN");
    await server.rows(insert(m, ["01:10 a 9"]));
    await server.rows("ROLLBACK");
    expect(await all(m)).toBe("01:10 a 2, 02:10 a 4, 05:10 a 4");
  });

  test("who writes the same key waits, others do not, and the later row wins", async () => {
    for (const end of ["COMMIT", "ROLLBACK"]) {
      const m = await meters(key, rest);
      const [other, third] = [await server.connect(), await server.connect()];
      await other.query("BEGIN");
      await other.query(insert(m, ["01:10 a 1"]));
      let isDone = false;
      const waiting = tag(copy(m, ["01:10 a 2"])).finally(() => (isDone = true));
      expect(await tag(insert(m, ["01:11 a 3"]), third)).toBe("INSERT 1");
      expect(isDone).toBe(false);
      await other.query(end);
      expect(await waiting).toBe("COPY 1");
      expect(await all(m)).toBe("01:10 a 2, 01:11 a 3");
      await other.end();
      await third.end();
    }
  });

  test("clients that replace the same keys at once leave each key once", async () => {
    const m = await meters(key, rest);
    const clients = await Promise.all(Array.from({ length: 5 }, () => server.connect()));
    await Promise.all(
      clients.map(async (client, i) => {
        for (let round = 0; round < 6; round += 1) {
          const minutes = [0, 1, 2, 3].map((n) => (round * 3 + n * (i + 1)) % 20);
          const rows = minutes.map((minute) => `01:${10 + minute} a ${i * 100 + round}`);
          await client.query(round % 2 === 0 ? insert(m, rows) : copy(m, rows));
          if (i === 0 && round % 3 === 0) await client.query(`FLUSH ${m}`);
        }
      }),
    );
    const [[rows, keys] = []] = await server.rows(
      `SELECT count(*), count(DISTINCT (dev, ts)) FROM ${m}`,
    );
    expect(rows).toBe(keys);
    for (const client of clients) await client.end();
  });

  test("REPEATABLE READ cannot replace what has come since", async () => {
    const m = await meters(key, rest);
    await server.rows(insert(m, ["01:10 a 1"]));
    await server.rows(`FLUSH ${m}`);
    const other = await server.connect();
    for (const act of [insert(m, ["01:10 a 2"]), insert(m, ["03:10 a 2"])]) {
      await server.rows("BEGIN ISOLATION LEVEL REPEATABLE READ");
      await all(m);
      await other.query(act);
      const mine = insert(m, ["01:10 a 3", "03:10 a 3"]);
      expect(await server.refusal(mine)).toMatchObject({ code: "40001" });
      await server.rows("ROLLBACK");
    }
    await server.rows(`FLUSH ${m}`);
    await server.rows("BEGIN ISOLATION LEVEL REPEATABLE READ");
    await server.rows(insert(m, ["01:10 a 5"]));
    await server.rows("COMMIT");
    expect(await all(m)).toBe("01:10 a 5, 03:10 a 2");
    await other.end();
  });
});

test("what ALLOW has let in twice goes with its key, and only that", async () => {
  const m = await meters("", "GRAIN ROW ON OVERLAP ALLOW");
  for (const kwh of [1, 2, 3]) {
    await server.rows(insert(m, [`01:10 a ${kwh}`, `01:20 a ${kwh}`]));
    if (kwh === 1) await server.rows(`FLUSH ${m}`);
  }
  await server.rows(copy(m, ["01:10 a 9"], ", OVERLAP 'replace'"));
  expect(await all(m)).toBe("01:10 a 9, 01:20 a 1, 01:20 a 2, 01:20 a 3");
});

test("many rows replace many, and coverage is that of the rows", async () => {
  const m = await meters("", "GRAIN ROW ON OVERLAP REPLACE");
  const select = (v: number, from: number) =>
    `SELECT timestamptz '${DAY} 00:00+00' + i * interval '1 s', 'd' || i % 3, ${v}
     FROM generate_series(${from}, ${from + 199_999}) i`;
  expect(await tag(`INSERT INTO ${m} ${select(1, 0)}`)).toBe("INSERT 200000");
  expect(await tag(`INSERT INTO ${m} ${select(2, 150_000)}`)).toBe("INSERT 200000");
  const counts = await server.rows(`SELECT kwh, count(*) FROM ${m} GROUP BY 1 ORDER BY 1`);
  expect(counts).toEqual([
    ["1", "150000"],
    ["2", "200000"],
  ]);
});
