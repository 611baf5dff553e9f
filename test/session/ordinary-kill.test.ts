/** A server killed under writers of ordinary tables has every acknowledged row, once, and no halves. */

import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TestServer } from "../support/server.ts";

const ROUNDS = 3;
const WRITERS = 4;
/** Each round is killed after so many acknowledged statements. */
const STATEMENTS = 40;

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(async () => {
  await server.dispose();
});

async function connect(): Promise<pg.Client> {
  const { port } = server;
  const client = new pg.Client({ host: "127.0.0.1", port, user: "postgres", database: "postgres" });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

interface Promised {
  /** Keys whose insert was acknowledged, and those nobody knows of. */
  readonly acknowledged: string[];
  readonly unknown: string[];
}

/** Until the server is gone. */
async function write(writer: string, promised: Promised, onAnswer: () => void): Promise<void> {
  const client = await connect();
  for (let i = 0; ; i += 1) {
    const key = `${writer}-${i}`;
    try {
      if (i % 3 === 2) {
        await client.query("BEGIN");
        await client.query("UPDATE accounts SET n = n - 1 WHERE id = 1");
        await client.query("INSERT INTO entries (k) VALUES ($1)", [key]);
        await client.query("UPDATE accounts SET n = n + 1 WHERE id = 2");
        await client.query("COMMIT");
      } else {
        await client.query("INSERT INTO entries (k) VALUES ($1)", [key]);
      }
      promised.acknowledged.push(key);
      onAnswer();
    } catch {
      promised.unknown.push(key);
      await client.end().catch(() => undefined);
      return;
    }
  }
}

test("kill -9", async () => {
  const first = await connect();
  await first.query("CREATE TABLE accounts (id int PRIMARY KEY, n int)");
  await first.query("INSERT INTO accounts VALUES (1, 1000), (2, 1000)");
  await first.query("CREATE TABLE entries (id serial PRIMARY KEY, k text UNIQUE NOT NULL)");
  await first.end();
  const promised: Promised = { acknowledged: [], unknown: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    const until = promised.acknowledged.length + STATEMENTS;
    let kill: Promise<void> | undefined;
    const onAnswer = () => {
      if (promised.acknowledged.length >= until) kill ??= server.kill();
    };
    const names = Array.from({ length: WRITERS }, (_, at) => `${round}.${at}`);
    await Promise.all(names.map(async (name) => await write(name, promised, onAnswer)));
    await kill;
    await server.start();
    await compare(promised);
  }
});

async function compare({ acknowledged, unknown }: Promised): Promise<void> {
  const client = await connect();
  const entries = await client.query<{ id: number; k: string }>("SELECT id, k FROM entries");
  const keys = entries.rows.map(({ k }) => k);
  const there = new Set(keys);
  expect(there.size, "a row is there twice").toBe(keys.length);
  expect(acknowledged.filter((key) => !there.has(key))).toEqual([]);
  const known = new Set([...acknowledged, ...unknown]);
  expect(keys.filter((key) => !known.has(key))).toEqual([]);
  const sums = await client.query("SELECT sum(n)::int AS n, max(n) FROM accounts");
  expect(sums.rows[0]?.n).toBe(2000);
  const moved = keys.filter((key) => Number(key.split("-")[1]) % 3 === 2).length;
  expect(sums.rows[0]?.max, "half of a transaction").toBe(1000 + moved);
  const next = await client.query<{ id: number }>(
    "INSERT INTO entries (k) VALUES ('probe') RETURNING id",
  );
  const highest = Math.max(...entries.rows.map(({ id }) => id));
  expect(next.rows[0]?.id, "a sequence goes back").toBeGreaterThan(highest);
  await client.query("DELETE FROM entries WHERE k = 'probe'");
  await client.end();
}
