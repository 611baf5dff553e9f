/** What listeners are told of commits, and what they are not. */

import { once } from "node:events";
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { notifyCommit } from "../../src/session/commit-notice.ts";
import { Mailbox, NotificationHub } from "../../src/session/notification-hub.ts";
import { coverageOf } from "../../src/table/coverage.ts";
import { runsOf } from "../../src/table/runs.ts";
import { Oid } from "../../src/types/oids.ts";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;
let listener: pg.Client;
let heard: { readonly channel: string; readonly payload: Record<string, unknown> }[] = [];
beforeAll(async () => {
  server = await startLocalServer();
  await server.client.query(
    "CREATE TSTABLE meters (ts timestamptz, meter text, v float8) ENTITY (meter)",
  );
});
afterAll(async () => await server.stop());
beforeEach(async () => {
  listener = await server.connect();
  heard = [];
  listener.on("notification", ({ channel, payload }) => {
    heard.push({ channel, payload: JSON.parse(payload ?? "") });
  });
  await listener.query("LISTEN tstable_commit_meters");
});
afterEach(async () => await listener.end());

async function news(): Promise<typeof heard> {
  await listener.query("SELECT 1");
  const taken = heard;
  heard = [];
  return taken;
}

/** A row for each hour, of one meter. */
async function file(name: string, meter: string, hours: readonly number[]): Promise<string> {
  return await server.parquet(
    name,
    `SELECT TIMESTAMP '2026-01-05' + to_hours(h::INTEGER) AS ts, '${meter}' AS meter, 1.5::DOUBLE AS v
     FROM unnest([${hours.join(", ")}]) AS u(h)`,
  );
}

test("an append tells its version, counts, span and newly covered ranges", async () => {
  const path = await file("a.parquet", "a", [0, 1, 2, 3, 6, 7]);
  await server.client.query(`APPEND PARQUET '${path}' INTO meters`);
  expect(await news()).toEqual([
    {
      channel: "tstable_commit_meters",
      payload: {
        table: "public.meters",
        version: 2,
        op: "APPEND",
        rows: 6,
        segments: 1,
        min: "2026-01-05T00:00:00Z",
        max: "2026-01-05T07:00:00Z",
        buckets: 6,
        entities: 1,
        ranges: [
          ["2026-01-05T00:00:00Z", "2026-01-05T04:00:00Z"],
          ["2026-01-05T06:00:00Z", "2026-01-05T08:00:00Z"],
        ],
      },
    },
  ]);
});

test("of several files, and of covered buckets, only what is new counts", async () => {
  await file("b1.parquet", "b", [0, 1]);
  await file("b2.parquet", "b", [1, 2]);
  await file("b3.parquet", "c", [2]);
  await server.client.query(
    `APPEND PARQUET '${server.folder}/b*.parquet' INTO meters ON OVERLAP ALLOW`,
  );
  const again = `APPEND PARQUET '${server.folder}/b2.parquet' INTO meters ON OVERLAP`;
  await server.client.query(`${again} ALLOW`);
  await server.client.query(`${again} SKIP`);
  await server.refusal(`${again} REJECT`);
  await server.client.query(`${again} ALLOW DRY RUN`);
  const [first, second, ...others] = await news();
  expect(first?.payload).toMatchObject({ rows: 5, segments: 3, buckets: 4, entities: 2 });
  expect(first?.payload["ranges"]).toEqual([["2026-01-05T00:00:00Z", "2026-01-05T03:00:00Z"]]);
  expect(second?.payload).toMatchObject({ rows: 2, buckets: 0, entities: 0, ranges: [] });
  expect(others).toEqual([]);
});

test("tstable_commit hears of every table, CREATE AS included", async () => {
  await listener.query("LISTEN tstable_commit; UNLISTEN tstable_commit_meters");
  await server.client.query("CREATE TSTABLE copied AS SELECT DISTINCT ts FROM meters");
  expect(await news()).toMatchObject([
    { channel: "tstable_commit", payload: { table: "public.copied", op: "CREATE", version: 2 } },
  ]);
});

test("commits of other programs are noticed, and said not to be local", async () => {
  await server.client.query("CREATE TSTABLE shared (ts timestamptz)");
  const tables = join(server.folder, "data", "tables");
  const ours = join(tables, readdirSync(tables).find((name) => name.endsWith("-shared")) ?? "");
  const theirs = join(server.folder, "theirs");
  cpSync(ours, theirs, { recursive: true });
  const other = await startLocalServer([server.folder]);
  await other.client.query(`CREATE TSTABLE copy FROM '${theirs}'`);
  const path = await file("s.parquet", "s", [0, 5]);
  const narrow = await server.parquet("n.parquet", `SELECT ts FROM '${path}'`);
  await other.client.query(`APPEND PARQUET '${narrow}' INTO copy`);
  await other.stop();

  await listener.query("LISTEN tstable_commit_shared");
  const arrival = once(listener, "notification");
  cpSync(theirs, ours, { recursive: true });
  await arrival;
  expect(await news()).toEqual([
    {
      channel: "tstable_commit_shared",
      payload: {
        table: "public.shared",
        version: 2,
        op: "APPEND",
        rows: 2,
        segments: 1,
        min: "2026-01-05T00:00:00Z",
        max: "2026-01-05T05:00:00Z",
        local: false,
      },
    },
  ]);
});

function published(commit: Partial<Parameters<typeof notifyCommit>[2]>, typeOid: number): string {
  const hub = new NotificationHub();
  const mailbox = new Mailbox();
  hub.listen(mailbox, "tstable_commit");
  const kind = { type: "timestamp", unit: "Hours", count: 1, timezone: undefined } as const;
  const info = { oid: 1, schema: "public", name: "m", kind: "tstable", columns: [] } as const;
  const base = { version: undefined, operation: "INSERT", rows: 1, segments: 0, processId: 1 };
  notifyCommit(hub, { info, axis: { kind, typeOid } }, { ...base, ...commit });
  return mailbox.take()[0]?.payload ?? "";
}

test("rows without a version, and times of every type", () => {
  const min = 1_767_571_200_000_001_000n;
  expect(JSON.parse(published({ min, max: min }, Oid.timestamp))).toEqual({
    table: "public.m",
    version: null,
    op: "INSERT",
    rows: 1,
    segments: 0,
    min: "2026-01-05T00:00:00.000001",
    max: "2026-01-05T00:00:00.000001",
  });
  expect(published({ min }, Oid.date)).toContain('"min":"2026-01-05"');
  expect(published({ min: 7n, max: 2n ** 60n }, Oid.int8)).toContain(
    '"min":7,"max":"1152921504606846976"',
  );
  expect(published({ processId: undefined }, Oid.int8)).toContain('"local":false');
});

test("what is too long is cut to its counters", () => {
  const cells = (count: number) => () => {
    const pairs = Array.from({ length: count }, (_, n) => [BigInt(2 * n), BigInt(2 * n)] as const);
    return coverageOf([{ entity: [], runs: runsOf(pairs) }]);
  };
  for (const count of [100, 160, 170, 200, 100_000]) {
    const payload = published({ cells: cells(count) }, Oid.timestamptz);
    expect(payload.length).toBeLessThan(8000);
    const { truncated, ranges, buckets } = JSON.parse(payload);
    expect(buckets).toBe(count);
    expect(truncated).toBe(count > 165 ? true : undefined);
    expect(ranges?.length).toBe(count > 165 ? undefined : count);
  }
});

test("a listener that takes nothing is told how many it has missed", () => {
  const hub = new NotificationHub();
  const mailbox = new Mailbox();
  hub.listen(mailbox, "c");
  const payload = "x".repeat(7000);
  for (let sent = 0; sent < 10_000; sent += 1) hub.publish("c", payload, 0);
  const taken = mailbox.take();
  expect(taken.length).toBeLessThan(5000);
  expect(taken.at(-1)?.payload).toBe(JSON.stringify({ missed: 10_001 - taken.length }));
  hub.publish("c", "again", 0);
  expect(mailbox.take()).toEqual([{ processId: 0, channel: "c", payload: "again" }]);
});
