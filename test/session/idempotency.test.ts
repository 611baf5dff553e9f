/** An append that is sent again by its key, and what a version says of itself. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;

beforeAll(async () => {
  server = await startLocalServer();
  await server.client.query("CREATE TSTABLE tide (ts timestamptz, level float8) BUCKET '1 hour'");
});
afterAll(async () => await server?.stop());

async function hour(number: number): Promise<string> {
  return await server.parquet(
    `hour-${number}.parquet`,
    `SELECT TIMESTAMP '2026-01-01' + to_hours(${number}) AS ts, ${number}::DOUBLE AS level`,
  );
}

test("an append sent again with its key changes nothing and tells what the first one did", async () => {
  const append = `APPEND PARQUET '${await hour(1)}' INTO tide WITH (idempotency_key = 'a', message = 'one')`;
  const first = await server.rows(append);
  const notices: (string | undefined)[] = [];
  server.client.on("notice", ({ message }) => notices.push(message));
  const again = await server.rows(append);
  expect(again).toEqual(first);
  expect(notices).toEqual(['idempotency key "a" was committed before, skipping APPEND']);
  await server.restart();
  expect(await server.rows(append)).toEqual(first);
  expect(await server.rows("SELECT count(*) FROM tide")).toEqual([["1"]]);
  expect(
    await server.rows(
      "SELECT message, idempotency_key FROM tstable.versions WHERE operation = 'APPEND'",
    ),
  ).toEqual([["one", "a"]]);
});

test("the same key for other files is the same append, another key is another", async () => {
  const other = await hour(2);
  const rows = await server.rows(
    `APPEND PARQUET '${other}' INTO tide WITH (idempotency_key = 'a')`,
  );
  expect(rows[0]?.[0]).toBe("hour-1.parquet");
  await server.rows(`APPEND PARQUET '${other}' INTO tide WITH (idempotency_key = 'b')`);
  expect(await server.rows("SELECT count(*) FROM tide")).toEqual([["2"]]);
});

test("two at once with one key are one append", async () => {
  const path = await hour(3);
  const clients = await Promise.all([server.connect(), server.connect(), server.connect()]);
  const append = `APPEND PARQUET '${path}' INTO tide WITH (idempotency_key = 'c')`;
  await Promise.all(clients.map(async (client) => await client.query(append)));
  expect(await server.rows("SELECT count(*) FROM tide")).toEqual([["3"]]);
});

test("a key inside of a transaction is refused: it belongs to a version", async () => {
  await server.client.query("BEGIN");
  const refusal = await server.refusal(
    `APPEND PARQUET '${await hour(4)}' INTO tide WITH (idempotency_key = 'd')`,
  );
  await server.client.query("ROLLBACK");
  expect(refusal.code).toBe("0A000");
});
