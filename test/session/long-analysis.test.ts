/** Statements that are hard to understand end as PostgreSQL ends them, and stop nobody else. */

import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sleep } from "../../src/base/async.ts";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

/** Takes the embedded server seconds to analyse. */
function manyJoins(name: string): string {
  const joins = Array.from({ length: 900 }, (_, i) => `JOIN few t${i + 1} USING (a)`);
  return `SELECT count(*) AS ${name} FROM few t0 ${joins.join(" ")}`;
}

let server: LocalServer;
let other: pg.Client;
beforeAll(async () => {
  server = await startLocalServer();
  other = await server.connect();
  await server.rows("CREATE TABLE few (a int, b int)");
});
afterAll(() => server.stop());

const failure = (answer: Promise<unknown>): Promise<pg.DatabaseError> =>
  answer.then(
    () => Promise.reject(new Error("no error")),
    (error: pg.DatabaseError) => error,
  );

test("statement_timeout counts while a statement is analysed, in both protocols", async () => {
  const hasty = await server.connect();
  await hasty.query("SET statement_timeout = 300");
  for (const values of [undefined, []]) {
    const late = await failure(
      hasty.query({
        text: manyJoins(`x${values?.length}`),
        ...(values && { values, name: "s" }),
      }),
    );
    expect([late.code, late.message]).toEqual([
      "57014",
      "canceling statement due to statement timeout",
    ]);
  }
});

test("while one is analysed, others are answered, and it can be cancelled", async () => {
  const [{ pid }] = (await other.query("SELECT pg_backend_pid() AS pid")).rows;
  const text = manyJoins("mine");
  const refused = failure(other.query(text));
  const seen = "SELECT state, starts_with($2, query) FROM pg_stat_activity WHERE pid = $1";
  while ((await server.rows(seen, [pid, text]))[0]?.[1] !== "t") await sleep(5);
  expect(await server.rows("SELECT 6 AS fresh")).toEqual([["6"]]);
  expect(await server.rows("SELECT count(*) FROM few")).toEqual([["0"]]);
  await server.rows("SELECT pg_cancel_backend($1)", [pid]);
  // On a machine that is very busy it has used up its time before all this.
  expect(["57014", "54001"]).toContain((await refused).code);
  expect((await other.query("SELECT 5 AS five")).rows).toEqual([{ five: "5" }]);
});

test("while one queries the catalogue for long, others query it, too", async () => {
  const [{ pid }] = (await other.query("SELECT pg_backend_pid() AS pid")).rows;
  const long =
    "SELECT count(*) FROM pg_proc a, pg_proc b, pg_proc c WHERE a.pronargs + b.pronargs = c.pronargs + 99";
  const refused = failure(other.query(long));
  const seen = "SELECT query FROM pg_stat_activity WHERE pid = $1";
  while ((await server.rows(seen, [pid]))[0]?.[0] !== long) await sleep(5);
  expect(await server.rows("SELECT relname FROM pg_class WHERE relname = 'few'")).toEqual([
    ["few"],
  ]);
  await server.rows("SELECT pg_cancel_backend($1)", [pid]);
  expect((await refused).code).toBe("57014");
});

test("what is nested too deeply is 54001, wherever that is found", async () => {
  const deep = (count: number) => Array.from({ length: count }, () => "a").join(" + ");
  for (const sql of [
    `SELECT ${deep(2500)} FROM few`,
    `SELECT ${"abs(".repeat(1500)}a${")".repeat(1500)} FROM few`,
  ]) {
    const { code, message } = await server.refusal(sql);
    expect([code, message]).toEqual(["54001", "stack depth limit exceeded"]);
  }
  expect(await server.rows(`SELECT count(${deep(200)}) FROM few`)).toEqual([["0"]]);
});
