/** A server killed while a transaction adds rows and gives or takes the key: both are there, or neither. */

import pg from "pg";
import { expect, test } from "vitest";
import { TestServer } from "../support/server.ts";

const ROUNDS = 2;
const STATEMENTS = 3;

async function connect(server: TestServer): Promise<pg.Client> {
  const { port } = server;
  const client = new pg.Client({ host: "127.0.0.1", port, user: "postgres", database: "postgres" });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

/** Changes from `n` on until the server is gone; gives the last one acknowledged. */
async function change(server: TestServer, from: number): Promise<number> {
  const client = await connect(server);
  let kill: Promise<void> | undefined;
  for (let n = from; ; n += 1) {
    if (n - from === STATEMENTS) kill = server.kill();
    const key = n % 2 === 0 ? "DROP CONSTRAINT one" : "ADD CONSTRAINT one PRIMARY KEY (host, ts)";
    try {
      const row = `INSERT INTO m VALUES (timestamptz '2026-01-05' + ${n} * interval '1 min', 'a', ${n})`;
      await client.query(`BEGIN; ${row}; ALTER TABLE m ${key}; COMMIT`);
    } catch {
      await kill;
      await client.end().catch(() => undefined);
      return n - 1;
    }
  }
}

test("kill -9 between rows and their key", async () => {
  const server = await TestServer.start();
  try {
    const first = await connect(server);
    await first.query("CREATE TABLE m (ts timestamptz, host text NOT NULL, n int) USING tstable");
    await first.end();
    let done = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const acknowledged = await change(server, done + 1);
      await server.start();
      const client = await connect(server);
      const { rows } = await client.query("SELECT count(*)::int AS rows, max(n) AS n FROM m");
      const { n } = rows[0];
      expect(rows[0].rows).toBe(n);
      expect([acknowledged, acknowledged + 1]).toContain(n);
      const again = client.query("INSERT INTO m SELECT * FROM m WHERE n = 1").then(
        () => "repeated",
        (cause: pg.DatabaseError) => cause.code,
      );
      expect(await again).toBe(n % 2 === 1 ? "23505" : "repeated");
      if (n % 2 === 0) {
        await client.query("DELETE FROM m WHERE n = 1");
        await client.query("INSERT INTO m VALUES ('2026-01-05 00:01', 'a', 1)");
      }
      await client.end();
      done = n;
    }
  } finally {
    await server.dispose();
  }
});
