/** APPEND PARQUET ... ON OVERLAP REPLACE: what files cover takes the place of what was there. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;
beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(async () => await server.stop());

let files = 0;

/** A row for each of the hours, ten minutes past it. */
async function file(device: string, hours: readonly number[], v: number): Promise<string> {
  files += 1;
  const rows = hours.map(
    (hour) => `SELECT TIMESTAMP '2026-01-01' + INTERVAL (${hour * 60 + 10}) MINUTE AS ts,
      '${device}' AS device, ${v}::BIGINT AS v`,
  );
  return await server.parquet(`f${files}.parquet`, rows.join(" UNION ALL "));
}

async function append(table: string, path: string, how = "ON OVERLAP REPLACE") {
  return await server.rows(`APPEND PARQUET '${path}' INTO ${table} ${how}`);
}

async function all(table: string): Promise<string> {
  const rows = await server.rows(
    `SELECT device || extract(hour FROM ts) || '=' || v FROM ${table} ORDER BY device, ts, v`,
  );
  return rows.flat().join(" ");
}

async function newTable(name: string): Promise<void> {
  await server.client.query(
    `CREATE TSTABLE ${name} (ts timestamptz NOT NULL, device text NOT NULL, v int8)
       ENTITY (device) BUCKET '1 hour'`,
  );
}

test("covered buckets are replaced, in segments and in memory, others stay", async () => {
  await newTable("a");
  await append("a", await file("x", [0, 1, 2], 1));
  await server.client.query("INSERT INTO a VALUES ('2026-01-01 01:40+00', 'x', 7)");
  await server.client.query("INSERT INTO a VALUES ('2026-01-01 05:40+00', 'x', 8)");
  const [row] = await append("a", await file("x", [1, 3], 2));
  expect(row?.[1]).toBe("replaced");
  expect(row?.[10]).toBe("1");
  expect(await all("a")).toBe("x0=1 x1=2 x2=1 x3=2 x5=8");
  await append("a", await file("y", [1], 3));
  expect(await all("a")).toBe("x0=1 x1=2 x2=1 x3=2 x5=8 y1=3");
  await server.client.query("CHECKPOINT");
  expect(await all("a")).toBe("x0=1 x1=2 x2=1 x3=2 x5=8 y1=3");
  const gaps = await server.rows(
    "SELECT device, sum(buckets) FROM coverage_gaps('a', '2026-01-01', '2026-01-01 06:00') GROUP BY 1 ORDER BY 1",
  );
  expect(gaps).toEqual([
    ["x", "1"],
    ["y", "5"],
  ]);
});

test("it is taken back with its transaction", async () => {
  await newTable("b");
  await append("b", await file("x", [0, 1], 1));
  await server.client.query("BEGIN");
  await append("b", await file("x", [1], 2));
  await server.client.query("SAVEPOINT s");
  await append("b", await file("x", [0, 1], 3));
  expect(await all("b")).toBe("x0=3 x1=3");
  await server.client.query("ROLLBACK TO s");
  expect(await all("b")).toBe("x0=1 x1=2");
  await server.client.query("COMMIT");
  expect(await all("b")).toBe("x0=1 x1=2");
  await server.client.query("BEGIN");
  await append("b", await file("x", [0], 9));
  await server.client.query("ROLLBACK");
  expect(await all("b")).toBe("x0=1 x1=2");
  await server.restart();
  expect(await all("b")).toBe("x0=1 x1=2");
});

test("files of one statement do not replace each other, and a dry run changes nothing", async () => {
  await newTable("c");
  await append("c", await file("x", [0], 1));
  const [one, other] = [await file("x", [0, 1], 2), await file("x", [1], 3)];
  const { code } = await server.refusal(
    `APPEND PARQUET ARRAY['${one}', '${other}'] INTO c ON OVERLAP REPLACE`,
  );
  expect(code).toBe("23P01");
  const [row] = await append("c", one, "ON OVERLAP REPLACE DRY RUN");
  expect(row?.[1]).toBe("replaced");
  expect(await all("c")).toBe("x0=1");
  await server.client.query("SET tstable.on_overlap = replace");
  await append("c", one, "");
  expect(await all("c")).toBe("x0=2 x1=2");
});
