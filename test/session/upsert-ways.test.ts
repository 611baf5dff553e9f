/**
 * Upserts of few rows find what they meet in memory or by one query; under REPEATABLE READ, as with
 * many rows, it is put beside them in tables. Both ways do the same with every type.
 */

import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";
import { randomFrom } from "../support/random.ts";

let server: LocalServer;
beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(async () => await server.stop());

const STATEMENTS = 30;
const COLUMNS = `at timestamptz NOT NULL, id uuid, n int, flag bool, small int2, big int8, r real,
  d float8, num numeric, money numeric(12,3), t text, v varchar(8), day date, clock time,
  local timestamp, j json, bytes bytea, span interval, list int[], words text[]`;

async function answer(client: pg.Client, text: string): Promise<unknown> {
  return await client.query({ text, rowMode: "array" }).then(
    ({ rowCount, rows }) => [rowCount, rows],
    ({ code, message }: pg.DatabaseError) => `${code} ${message}`,
  );
}

test("few rows and many rows are updated alike, wherever the rows are that they meet", async () => {
  const seed = Number(process.env["PGTIDE_TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`seed ${seed}`);
  const random = randomFrom(seed);
  const upTo = (n: number) => Math.floor(random() * n);
  const one = (...all: readonly string[]) => all[upTo(all.length)] as string;
  for (const table of ["few", "many"]) {
    await server.client.query(
      `CREATE TSTABLE ${table} (${COLUMNS}, PRIMARY KEY (id, n, at))
       TIME COLUMN at ENTITY (id, n)`,
    );
  }
  const orNull = (text: string) => (upTo(4) === 0 ? "NULL" : text);
  const row = () => {
    const values = [
      `'2026-01-01 0${upTo(3)}:0${upTo(3)}:00.5+00'`,
      `'00000000-0000-0000-0000-00000000000${upTo(2)}'`,
      String(upTo(2)),
      orNull(one("true", "false")),
      orNull(String(upTo(100) - 50)),
      orNull(String(9_007_199_254_740_993n + BigInt(upTo(9)))),
      orNull(one("'NaN'", "0.1", "'-Infinity'", "-0.0")),
      orNull(one("'NaN'", "0.1", "'Infinity'", "1e300", "0.30000000000000004")),
      orNull(one("1.500", "12345678901234567890.123", "-0.00", "'NaN'")),
      orNull(one("1.5", "-123456789.125", "0")),
      orNull(one("''", "'ä€𝄞'", "E'a\\nb'", "'$1'")),
      orNull(one("'x'", "'12345678'")),
      orNull(one("'2026-02-03'", "'infinity'", "'0044-03-15 BC'")),
      orNull(one("'00:00'", "'24:00'", "'12:34:56.789'")),
      orNull(one("'2026-02-03 04:05:06'", "'-infinity'")),
      orNull(one(`'{"a": [1,  2]}'`, "'null'")),
      orNull(one(`'\\x00ff'`, `'\\x'`)),
      orNull(one("'1 mon 2 days 03:04:05'", "'-1 day'")),
      orNull(one("'{}'", "'{1,NULL,3}'")),
      orNull(one("'{a,\"b c\"}'", "'{NULL}'")),
    ];
    return `(${values.join(", ")})`;
  };
  const sets = [
    "t = excluded.t, d = excluded.d, num = excluded.num, list = excluded.list, span = excluded.span",
    "r = excluded.r, money = excluded.money, v = $T.v, day = excluded.day, bytes = excluded.bytes",
    "small = excluded.small, t = $T.v, at = excluded.at, words = excluded.words",
    "big = coalesce($T.big, 0) + 1, t = $T.t || excluded.t, money = excluded.money / 2",
    "num = $T.num + excluded.num, list = $T.list || excluded.list, local = excluded.local",
    "d = excluded.d, clock = excluded.clock WHERE $T.small IS DISTINCT FROM excluded.small",
    "small = $T.small * 300, big = excluded.big",
    "day = excluded.local, j = excluded.j, span = $T.span + excluded.span WHERE $T.flag",
    "n = $T.n + 1",
    "flag = NOT $T.flag, v = (SELECT max(v) FROM others WHERE k = excluded.n)",
  ];
  await server.client.query("CREATE TABLE others (k int, v text)");
  await server.client.query("INSERT INTO others VALUES (0, 'zero'), (1, 'one')");
  const returning = ["", " RETURNING *", " RETURNING old.*, new.t", " RETURNING t, old.big + 1"];
  const everything = async (table: string) => {
    return await answer(server.client, `SELECT * FROM ${table} ORDER BY at, id, n`);
  };
  for (let i = 0; i < STATEMENTS; i += 1) {
    const rows = Array.from({ length: one("1", "1", "3").length + upTo(3) }, row).join(", ");
    const conflict = `ON CONFLICT (id, n, at) DO UPDATE SET ${one(...sets)}${one(...returning)}`;
    const text = `INSERT INTO $T VALUES ${rows} ${conflict}`;
    const isBlock = upTo(4) === 0;
    if (isBlock) await server.client.query("BEGIN");
    const few = await answer(server.client, text.replaceAll("$T", "few"));
    if (isBlock) await server.client.query(typeof few === "string" ? "ROLLBACK" : "COMMIT");
    await server.client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
    const many = await answer(server.client, text.replaceAll("$T", "many"));
    await server.client.query(typeof many === "string" ? "ROLLBACK" : "COMMIT");
    const same = (said: unknown) => JSON.stringify(said).replaceAll("many", "few");
    expect(same(few), `seed ${seed}, statement ${i}: ${text}`).toBe(same(many));
    const next = upTo(8);
    if (next === 0) await server.client.query("CHECKPOINT");
    if (next < 2) expect(await everything("few")).toEqual(await everything("many"));
  }
  expect(await everything("few"), `seed ${seed}`).toEqual(await everything("many"));
  await server.restart();
  expect(await everything("few"), `seed ${seed}, restarted`).toEqual(await everything("many"));
}, 120_000);

test("in one transaction rows are found that it has written, hidden, flushed or taken back", async () => {
  const { client } = server;
  await client.query(
    "CREATE TSTABLE own (ts timestamptz, device text, v int8, PRIMARY KEY (device, ts)) ENTITY (device)",
  );
  const other = await server.connect();
  const add = "INSERT INTO own VALUES ('2026-01-01', 'a', $1)";
  const upsert = `${add} ON CONFLICT (device, ts) DO UPDATE SET v = own.v * 10 + excluded.v RETURNING v`;
  const set = async (v: number) => (await client.query(upsert, [v])).rows[0]?.v;
  await client.query("BEGIN");
  expect(await set(1)).toBe("1");
  expect(await set(2)).toBe("12");
  await client.query("SAVEPOINT s");
  expect(await set(3)).toBe("123");
  expect(await set(3)).toBe("1233");
  await client.query("ROLLBACK TO s");
  expect(await set(4)).toBe("124");
  await client.query("TRUNCATE own");
  expect(await set(5)).toBe("5");
  await client.query("ROLLBACK TO s");
  expect(await set(6)).toBe("126");
  await client.query("COMMIT");
  expect(await set(7)).toBe("1267");
  await client.query("BEGIN");
  expect(await set(8)).toBe("12678");
  await other.query("CHECKPOINT");
  expect(await set(9)).toBe("126789");
  await client.query("SAVEPOINT s");
  await other.query("CHECKPOINT");
  expect(await set(1)).toBe("1267891");
  await client.query("ROLLBACK TO s");
  await client.query("COMMIT");
  expect((await client.query("SELECT v FROM own")).rows).toEqual([{ v: "126789" }]);
  await client.query("DELETE FROM own");
  expect(await set(1)).toBe("1");
  expect((await client.query("SELECT v FROM own")).rows).toEqual([{ v: "1" }]);
  await other.end();
});

test("sessions that change one row at once lose no change", async () => {
  await server.client.query(
    "CREATE TSTABLE counter (ts timestamptz, device text, v int8, PRIMARY KEY (device, ts)) ENTITY (device)",
  );
  const clients = await Promise.all(Array.from({ length: 4 }, () => server.connect()));
  const upsert = `INSERT INTO counter VALUES ('2026-01-01', $1, 1)
    ON CONFLICT (device, ts) DO UPDATE SET v = counter.v + excluded.v`;
  const work = clients.map(async (client, k) => {
    for (let i = 0; i < 12; i += 1) {
      if (k === 0 && i % 4 === 3) await client.query("CHECKPOINT");
      await client.query(upsert, [i % 3 === 0 ? "b" : "a"]);
    }
  });
  await Promise.all(work);
  expect(await server.rows("SELECT device, v FROM counter ORDER BY 1")).toEqual([
    ["a", "32"],
    ["b", "16"],
  ]);
  for (const client of clients) await client.end();
});
