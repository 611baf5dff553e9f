/**
 * Random upserts, INSERT, UPDATE, DELETE, savepoints and flushes, some of them by another session in
 * between, on a time-series table and on an ordinary one: the same rows after each, and coverage.
 */

import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";
import { randomFrom, seedOf } from "../support/random.ts";

const HOURS = 12;
const STATEMENTS = 40;

let server: LocalServer;
beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(async () => await server.stop());

function hour(n: number): string {
  return `timestamptz '2026-01-01' + interval '${n} hours'`;
}

async function expectSame(what: string, mirror: pg.Client): Promise<void> {
  const rows = async (client: pg.Client, text: string) =>
    (await client.query({ text, rowMode: "array" })).rows;
  const all = (table: string) => `SELECT ts, device, v, note FROM ${table} ORDER BY 2, 1, 3, 4`;
  expect(await rows(server.client, all("r")), what).toEqual(await rows(mirror, all("p")));
  const covered = await rows(mirror, "SELECT device, count(*) FROM p GROUP BY 1 ORDER BY 1");
  const gaps = await server.rows(
    `SELECT device, sum(buckets) FROM coverage_gaps('r', ${hour(0)}, ${hour(HOURS)})
     GROUP BY 1 ORDER BY 1`,
  );
  const missing = covered
    .map(([device, hours]) => [device, String(HOURS - Number(hours))])
    .filter(([, hours]) => hours !== "0");
  expect(gaps, what).toEqual(missing);
}

test("upserts of a time-series table do what those of an ordinary table do", async () => {
  const seed = seedOf("upserts");
  const random = randomFrom(seed);
  const upTo = (n: number) => Math.floor(random() * n);
  const columns = "ts timestamptz NOT NULL, device text NOT NULL, v int8, note text";
  const key = "PRIMARY KEY (device, ts)";
  await server.client.query(`CREATE TSTABLE r (${columns}, ${key}) ENTITY (device)`);
  await server.client.query(`CREATE TABLE p (${columns}, ${key})`);
  const other = await server.connect();
  // With both in one transaction, another way of committing is taken.
  let mirror = upTo(2) === 0 ? server.client : await server.connect();
  const onBoth = async (text: string) => {
    await server.client.query(text);
    if (mirror !== server.client) await mirror.query(text);
  };
  let isOpen = false;
  const both = async (statement: string) => {
    const answers: unknown[] = [];
    for (const [client, table] of [
      [server.client, "r"],
      [mirror, "p"],
    ] as const) {
      const text = statement.replaceAll("$T", table);
      if (isOpen) await client.query("SAVEPOINT one");
      const answer = await client.query({ text, rowMode: "array" }).then(
        ({ rowCount, rows }) => [rowCount, rows],
        ({ code }: { code: string }) => code,
      );
      if (isOpen && typeof answer === "string") await client.query("ROLLBACK TO one");
      answers.push(answer);
    }
    expect(answers[0], statement).toEqual(answers[1]);
  };
  const values = () =>
    Array.from({ length: 1 + upTo(6) }, () => {
      const note = upTo(3) === 0 ? "NULL" : `'note ${upTo(50)}'`;
      return `(${hour(upTo(HOURS))}, 'd${upTo(3)}', ${upTo(100)}, ${note})`;
    }).join(", ");
  const conflict = () => {
    const sets = [
      "v = excluded.v",
      "v = excluded.v, note = excluded.note",
      "v = $T.v + excluded.v, note = $T.note || excluded.device",
      "note = excluded.note WHERE $T.v > 40",
      "device = excluded.device, ts = excluded.ts, v = excluded.v",
    ];
    const returning = ["", " RETURNING device, v, note", " RETURNING v, old.v, new.note"];
    return `ON CONFLICT (device, ts) DO UPDATE SET ${sets[upTo(5)]}${returning[upTo(3)]}`;
  };
  const statement = () => {
    const kind = upTo(10);
    if (kind < 6) return `INSERT INTO $T (ts, device, v, note) VALUES ${values()} ${conflict()}`;
    if (kind < 7) return `INSERT INTO $T VALUES ${values()} ON CONFLICT DO NOTHING`;
    if (kind < 8) return `UPDATE $T SET v = v + 1 WHERE device = 'd${upTo(3)}'`;
    return `DELETE FROM $T WHERE v % 5 = ${upTo(5)}`;
  };
  for (let i = 0; i < STATEMENTS; i += 1) {
    if (upTo(3) > 0) await both(statement());
    else {
      await onBoth("BEGIN");
      isOpen = true;
      for (let k = upTo(5); k >= 0; k -= 1) {
        if (upTo(4) === 0) await other.query("CHECKPOINT");
        await onBoth("SAVEPOINT s");
        await both(statement());
        if (upTo(4) === 0) await onBoth("ROLLBACK TO s");
        else if (upTo(3) === 0) await expectSame(`seed ${seed}, in a block`, mirror);
      }
      if (upTo(3) === 0) await other.query("CHECKPOINT");
      isOpen = false;
      await onBoth(upTo(4) === 0 ? "ROLLBACK" : "COMMIT");
    }
    if (upTo(8) === 0) await other.query("CHECKPOINT");
    if (i % 4 === 0) await expectSame(`seed ${seed}, statement ${i}`, mirror);
  }
  await expectSame(`seed ${seed}`, mirror);
  await server.restart();
  mirror = server.client;
  await expectSame(`seed ${seed}, after a restart`, mirror);
  await server.client.query("CHECKPOINT");
  await expectSame(`seed ${seed}, flushed`, mirror);
});
