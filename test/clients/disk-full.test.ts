/**
 * A server whose disk is full, whichever way rows come: they are refused with 53100, those that were
 * acknowledged are there and no others, also after kill -9, and all works again when there is space.
 */

import { execFileSync } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { copyIn } from "../support/copy-client.ts";
import { TestServer } from "../support/server.ts";
import { connect } from "./targets.ts";

/** Whether the kernel lets us have a small disk; the folder where it is. */
function smallDisk(): { readonly path: string; readonly isThere: boolean } {
  const path = mkdtempSync(join(tmpdir(), "pgtide-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=80m", "tmpfs", path], { stdio: "ignore" });
    return { path, isThere: true };
  } catch {
    return { path, isThere: false };
  }
}

const disk = smallDisk();
const ballast = join(disk.path, "ballast");
const NOTE = "x".repeat(2000);
const TABLES = ["series", "plain"];

let server: TestServer;
let client: pg.Client;
let next = 0;

beforeAll(async () => {
  if (!disk.isThere) return;
  const data = join(disk.path, "data");
  mkdirSync(data);
  server = await TestServer.start({ data });
  client = await open();
  await client.query("CREATE TABLE series (ts timestamptz, n int8, note text) USING tstable");
  await client.query("CREATE TABLE plain (ts timestamptz, n int8, note text)");
});
afterAll(async () => {
  await client?.end();
  await server?.dispose();
  if (disk.isThere) execFileSync("umount", ["-l", disk.path]);
  rmSync(disk.path, { recursive: true, force: true });
});

async function open(): Promise<pg.Client> {
  const one = await connect(server.port);
  one.on("error", () => undefined);
  return one;
}

/** Leaves so many bytes free. */
function fill(free: number): void {
  const file = openSync(ballast, "w");
  const { bavail, bsize } = statfsSync(disk.path);
  const block = Buffer.alloc(bsize);
  for (let left = bavail - Math.ceil(free / bsize); left > 0; left -= 1) writeSync(file, block);
  closeSync(file);
}

const makeRoom = () => rmSync(ballast, { force: true });

function take(count: number): readonly number[] {
  next += count;
  return Array.from({ length: count }, (_, i) => next - count + i);
}

const values = (rows: readonly number[]) =>
  rows.map((n) => `(to_timestamp(${n}), ${n}, '${NOTE}')`).join(", ");
const lines = (rows: readonly number[]) =>
  rows.map((n) => `1970-01-01 00:00:00+00\t${n}\t${NOTE}\n`);

interface Way {
  readonly rows: number;
  readonly tables: readonly string[];
  run(rows: readonly number[]): Promise<unknown>;
  /** The server, while there is no room. */
  readonly isKilled?: boolean;
}

const WAYS: Readonly<Record<string, Way>> = {
  "INSERT into a time series": {
    rows: 20,
    tables: ["series"],
    run: (rows) => client.query(`INSERT INTO series VALUES ${values(rows)}`),
  },
  "INSERT into an ordinary table": {
    rows: 20,
    tables: ["plain"],
    run: (rows) => client.query(`INSERT INTO plain VALUES ${values(rows)}`),
  },
  "a small COPY": {
    rows: 500,
    tables: ["series"],
    run: (rows) => copyIn(client, "COPY series FROM STDIN", lines(rows)),
  },
  "a large COPY": {
    rows: 12_000,
    tables: ["series"],
    run: (rows) => copyIn(client, "COPY series FROM STDIN", [lines(rows).join("")]),
  },
  "COPY into an ordinary table": {
    rows: 3000,
    tables: ["plain"],
    run: (rows) => copyIn(client, "COPY plain FROM STDIN", [lines(rows).join("")]),
  },
  "a transaction over both": {
    rows: 20,
    tables: TABLES,
    isKilled: true,
    run: async (rows) => {
      await client.query("BEGIN");
      try {
        for (const table of TABLES) {
          await client.query(`INSERT INTO ${table} VALUES ${values(rows)}`);
        }
        await client.query("COMMIT");
      } catch (cause) {
        await client.query("ROLLBACK");
        throw cause;
      }
    },
  },
};

/** By table, what was acknowledged. */
const ledger = new Map<string, Set<number>>(TABLES.map((table) => [table, new Set()]));

/** @returns the error's code; undefined: acknowledged */
async function write({ rows: count, tables, run }: Way): Promise<string | undefined> {
  const rows = take(count);
  try {
    await run(rows);
  } catch (cause) {
    if (!(cause instanceof pg.DatabaseError)) throw cause;
    return cause.code;
  }
  for (const table of tables) for (const n of rows) ledger.get(table)?.add(n);
  return undefined;
}

async function expectLedger(where: string): Promise<void> {
  for (const table of TABLES) {
    const { rows } = await client.query({ text: `SELECT n FROM ${table}`, rowMode: "array" });
    const found = rows.map(([n]) => Number(n)).sort((a, b) => a - b);
    const expected = [...(ledger.get(table) ?? [])].sort((a, b) => a - b);
    expect(found.length, `${where}, ${table}`).toBe(expected.length);
    expect(found, `${where}, ${table}`).toEqual(expected);
  }
}

async function killed(): Promise<void> {
  await server.kill();
  await client.end().catch(() => undefined);
  makeRoom();
  await server.start();
  client = await open();
}

test.skipIf(!disk.isThere).each(Object.entries(WAYS))("%s", async (name, way) => {
  fill(0);
  const codes: (string | undefined)[] = [];
  // What the log has set aside ahead of its end may still take some rows.
  while (codes.length < 400 && codes.filter((code) => code !== undefined).length < 3) {
    codes.push(await write(way));
  }
  const refused = codes.filter((code) => code !== undefined);
  expect(refused, name).toEqual(["53100", "53100", "53100"]);
  await expectLedger("while it is full");
  await client.query("FLUSH series").catch((cause: unknown) => {
    expect(cause).toMatchObject({ code: "53100" });
  });
  await expectLedger("after a flush that found no room");
  makeRoom();
  expect(await write(way), "with space again").toBeUndefined();
  await client.query("FLUSH series");
  await expectLedger("with space again");
  if (way.isKilled === true) await killWhileFull(way);
  await client.query("CHECKPOINT");
  for (const table of TABLES) await client.query(`TRUNCATE ${table}`);
  for (const numbers of ledger.values()) numbers.clear();
});

async function killWhileFull(way: Way): Promise<void> {
  fill(8192);
  await write(way);
  await killed();
  await expectLedger("after kill -9");
  expect(await write(way), "after kill -9").toBeUndefined();
}
