/** Files appended inside of a transaction, and beside rows that no version has yet. */

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;
let name = "";
let tables = 0;

beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(async () => await server.stop());

beforeEach(async () => {
  tables += 1;
  name = `a${tables}`;
  await server.client.query(
    `CREATE TSTABLE ${name} (ts timestamptz NOT NULL, device text NOT NULL, v int)
       ENTITY (device) BUCKET '1 hour'`,
  );
});

/** A file with one row of device a at the start of an hour. */
async function file(hour: number): Promise<string> {
  return await server.parquet(
    `${name}_${hour}.parquet`,
    `SELECT TIMESTAMP '2026-01-01' + to_hours(${hour}) AS ts, 'a' AS device, ${hour} AS v`,
  );
}

async function values(): Promise<readonly (string | null)[]> {
  return (await server.rows(`SELECT v FROM ${name} ORDER BY v`)).map(([v]) => v ?? null);
}

test("a block sees the file it has appended, others after COMMIT, nobody after ROLLBACK", async () => {
  const { client } = server;
  const other = await server.connect();
  try {
    const seen = async () =>
      Number((await other.query(`SELECT count(*) FROM ${name}`)).rows[0].count);
    await client.query("BEGIN");
    await client.query(`APPEND PARQUET '${await file(1)}' INTO ${name}`);
    await client.query(`INSERT INTO ${name} VALUES ('2026-01-01 02:10+00', 'a', 2)`);
    expect(await values()).toEqual(["1", "2"]);
    expect(await seen()).toBe(0);
    await client.query("COMMIT");
    expect(await seen()).toBe(2);
    await client.query("BEGIN");
    await client.query("SAVEPOINT s");
    await client.query(`APPEND PARQUET '${await file(5)}' INTO ${name}`);
    expect(await values()).toEqual(["1", "2", "5"]);
    await client.query("ROLLBACK TO s");
    expect(await values()).toEqual(["1", "2"]);
    await client.query("ROLLBACK");
    expect(await seen()).toBe(2);
  } finally {
    await other.end();
  }
});

test("an append does not repeat buckets of rows that are not published", async () => {
  await server.client.query(`INSERT INTO ${name} VALUES ('2026-01-01 03:20+00', 'a', 3)`);
  const refused = await server.refusal(`APPEND PARQUET '${await file(3)}' INTO ${name}`);
  expect(refused.code).toBe("23P01");
  await server.client.query(`APPEND PARQUET '${await file(4)}' INTO ${name}`);
  expect(await values()).toEqual(["3", "4"]);
});

test("two transactions with files of one bucket: the second waits and is then refused", async () => {
  const other = await server.connect();
  try {
    await server.client.query("BEGIN");
    await server.client.query(`APPEND PARQUET '${await file(1)}' INTO ${name}`);
    const waiting = other
      .query(`APPEND PARQUET '${await file(1)}' INTO ${name}`)
      .catch((cause: unknown) => cause);
    await server.client.query("COMMIT");
    expect(await waiting).toMatchObject({ code: "23P01" });
    expect(await values()).toEqual(["1"]);
  } finally {
    await other.end();
  }
});
