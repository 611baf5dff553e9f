/** Many clients that write at once, some of which stall or vanish, against a server of its own. */

import { readFileSync } from "node:fs";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestServer } from "../support/server.ts";
import { errorFields, frame, letters, query, RawClient } from "../wire/raw-client.ts";
import { connect } from "./targets.ts";

const CLIENTS = 1000;
const data = (content: string) => frame("d", Buffer.from(content));
const done = frame("c");

let server: TestServer;
let client: pg.Client;
beforeAll(async () => {
  server = await TestServer.start({ args: ["--max-connections", String(CLIENTS + 10)] });
  client = await connect(server.port);
  await client.query("CREATE TABLE series (ts timestamptz, n int8, note text) USING tstable");
  await client.query("CREATE TABLE plain (ts timestamptz, n int8, note text)");
});
afterAll(async () => {
  await client?.end();
  await server?.dispose();
});

async function counts(table: string): Promise<unknown> {
  const { rows } = await client.query(`SELECT count(*) AS rows, sum(n) AS sum FROM ${table}`);
  return rows[0];
}

/** A COPY FROM STDIN that has begun. */
async function copying(table: string): Promise<RawClient> {
  const one = await RawClient.ready(server.port);
  one.send(query(`COPY ${table} (ts, n) FROM STDIN`));
  await one.until("G");
  return one;
}

/** Resident memory of the server, in bytes. */
function resident(): number {
  const status = readFileSync(`/proc/${server.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

describe.each(["series", "plain"])("table %s", (table) => {
  const begin = async () => await client.query(`DELETE FROM ${table}`);

  test("a thousand connections insert, and every row is there", async () => {
    await begin();
    const clients: pg.Client[] = [];
    for (let opened = 0; opened < CLIENTS; opened += 50) {
      clients.push(...(await Promise.all(Array.from({ length: 50 }, () => connect(server.port)))));
    }
    const insert = `INSERT INTO ${table} (ts, n) VALUES ($1, $2)`;
    // One transaction at a time writes ordinary tables.
    const writers = table === "plain" ? clients.slice(0, 100) : clients;
    await Promise.all(writers.map((one, n) => one.query(insert, [new Date(1000 * n), n])));
    const last = writers.length - 1;
    expect(await counts(table)).toEqual({ rows: `${last + 1}`, sum: `${(last * (last + 1)) / 2}` });
    const more = Array.from({ length: 10 }, () => connect(server.port));
    const refused = (await Promise.allSettled(more)).filter(({ status }) => status === "rejected");
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]).toMatchObject({ reason: { code: "53300" } });
    for (const one of await Promise.allSettled(more)) {
      if (one.status === "fulfilled") await one.value.end();
    }
    await Promise.all(clients.map((one) => one.end()));
  });

  test("of sixty-four COPYs at once, one that stalls holds up no other", async () => {
    await begin();
    // One transaction at a time writes ordinary tables: there the one that stalls comes last.
    const clients: RawClient[] = [];
    const count = table === "plain" ? 8 : 64;
    if (table === "plain") {
      for (let index = 0; index < count; index += 1)
        clients.push(await RawClient.ready(server.port));
      for (const one of clients) one.send(query(`COPY ${table} (ts, n) FROM STDIN`));
    } else for (let index = 0; index < count; index += 1) clients.push(await copying(table));
    const stalled = table === "plain" ? undefined : clients.shift();
    stalled?.send(data("2026-01-05\t1\n").subarray(0, 9));
    for (const [index, one] of clients.entries()) {
      const lines = Array.from({ length: 200 }, (_, n) => `2026-01-05\t${index * 200 + n}\n`);
      one.send(...lines.map(data), done);
    }
    for (const one of clients) {
      expect(letters(await one.until("Z"))).toMatch(/C\(COPY 200\) Z\(I\)$/);
    }
    const last = 200 * clients.length - 1;
    expect(await counts(table)).toEqual({ rows: `${last + 1}`, sum: `${(last * (last + 1)) / 2}` });
    stalled?.send(data("2026-01-05\t1\n").subarray(9), done);
    if (stalled !== undefined) expect(letters(await stalled.until("Z"))).toBe("C(COPY 1) Z(I)");
    for (const one of [...clients, ...(stalled ? [stalled] : [])]) one.end();
  });

  test("a client that stops sending is ended by its statement_timeout", async () => {
    await begin();
    const one = await RawClient.ready(server.port);
    const copy = `SET statement_timeout = '300ms'; COPY ${table} (ts, n) FROM STDIN`;
    one.send(query(copy), data("2026-01-05\t1\n2026-0"));
    const messages = await one.until("Z");
    expect(letters(messages)).toBe("C(SET) G E(57014) Z(I)");
    expect(errorFields(messages[2]?.body ?? Buffer.alloc(0))["M"]).toBe(
      "canceling statement due to statement timeout",
    );
    one.send(data("1-06\t2\n"), done, query("SELECT 1"));
    expect(letters(await one.until("Z"))).toBe("T D C(SELECT 1) Z(I)");
    one.end();
    expect(await counts(table)).toEqual({ rows: "0", sum: null });
  });

  test.skipIf(table === "plain").each(["", " (FORMAT csv)"])(
    "a value that never ends is refused in time%s",
    async (options) => {
      await begin();
      const before = resident();
      const one = await RawClient.ready(server.port);
      one.send(query(`COPY ${table} (ts, n, note) FROM STDIN${options}`));
      await one.until("G");
      const comma = options === "" ? "\t" : ",";
      one.send(data(`2026-01-05${comma}1${comma}x\n2026-01-05${comma}2${comma}`));
      const piece = data("y".repeat(8 << 20));
      // More than one line may have.
      for (let sent = 0; sent < 40; sent += 1) {
        one.send(piece);
        await new Promise((resolve) => one.socket.write(Buffer.alloc(0), resolve));
      }
      one.send(data("\n"), done);
      const [refused] = await one.until("Z");
      expect(errorFields(refused?.body ?? Buffer.alloc(0))["C"]).toBe("54000");
      one.end();
      expect(resident() - before).toBeLessThan(2 ** 30);
      expect(await counts(table)).toEqual({ rows: "0", sum: null });
    },
  );

  test("a client that vanishes in mid-COPY leaves nothing and holds nothing", async () => {
    await begin();
    for (let round = 0; round < 5; round += 1) {
      const one = await copying(table);
      const line = data(`2026-01-05\t${round}\n`.repeat(1000));
      for (let sent = 0; sent < round * 20; sent += 1) one.send(line);
      one.end();
    }
    const last = await copying(table);
    last.send(data("2026-01-05\t7\n"), done);
    expect(letters(await last.until("Z"))).toBe("C(COPY 1) Z(I)");
    last.end();
    expect(await counts(table)).toEqual({ rows: "1", sum: "7" });
  });
});

test("clients that stop reading their COPY cost a bounded amount of memory", async () => {
  const readers: RawClient[] = [];
  const before = resident();
  for (let index = 0; index < 4; index += 1) {
    const one = await RawClient.ready(server.port);
    one.socket.pause();
    const rows = "SELECT n, repeat('x', 500) FROM generate_series(1, 3000000) AS n";
    one.send(query(`COPY (${rows}) TO STDOUT`));
    readers.push(one);
  }
  // 6 GB were asked for. DuckDB holds some 100 MB for each stream; what runs beside answers.
  for (let turn = 0; turn < 20; turn += 1) await client.query("SELECT 1");
  const grown = resident() - before;
  for (const one of readers) one.end();
  expect(grown).toBeLessThan(2 ** 30);
  await client.query("SELECT 1");
});
