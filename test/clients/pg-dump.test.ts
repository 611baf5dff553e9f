/**
 * pg_dump, pg_dumpall, pg_restore and psql carry ordinary tables from pgtide to PostgreSQL and back:
 * every dump of pgtide is the one that PostgreSQL gives of the same definitions.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cluster, postgresBin, psql, run, startPostgres } from "../support/programs.ts";
import { root } from "../support/root.ts";
import { TestServer } from "../support/server.ts";

const OBJECTS = join(root, "test/clients/tools/objects.sql");
/** Each of some hundred definitions is durable by itself. */
const timeout = 240_000;
/** What refers to the dumped schema from outside. */
const DROP_FK = "SET client_min_messages = warning; ALTER TABLE free DROP CONSTRAINT IF EXISTS fk";

describe.skipIf(psql === undefined || postgresBin === undefined)("pg_dump", { timeout }, () => {
  let server: TestServer;
  let cluster: Cluster;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "pgtide-dump-"));
    [server, cluster] = await Promise.all([TestServer.start(), startPostgres()]);
    for (const { port } of [server, cluster]) await restore(port, "postgres", OBJECTS);
  }, timeout);
  afterAll(async () => {
    await server?.dispose();
    await cluster?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function tool(name: string, port: number, args: readonly string[]): Promise<string> {
    const all = ["-h", "127.0.0.1", "-p", String(port), "-U", "postgres", ...args];
    const finished = await run(join(postgresBin ?? "", name), all, { timeoutMs: timeout });
    expect(`${finished.stderr}${finished.status}`).toBe("0");
    return finished.stdout;
  }

  function restore(port: number, database: string, file: string): Promise<string> {
    return tool("psql", port, ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", file]);
  }

  /** Without what differs from run to run: the version dumped from, and a random key. */
  async function dump(port: number, args: readonly string[] = []): Promise<string> {
    const text = await tool("pg_dump", port, args);
    return text.replaceAll(/^-- Dumped from .*\n|^\\(?:un)?restrict .*\n/gm, "");
  }

  test.each([
    [["--schema-only"]],
    [["--inserts", "--rows-per-insert=2", "--no-owner", "--no-privileges"]],
    [["--data-only", "--column-inserts"]],
    [["-t", "shop.item", "-t", "free"]],
    [["-n", "shop", "--clean", "--if-exists"]],
    [["--serializable-deferrable", "--exclude-table=kinds", "--quote-all-identifiers"]],
  ])("%s writes what it writes of PostgreSQL", async (args) => {
    expect(await dump(server.port, args)).toBe(await dump(cluster.port, args));
  });

  test("pg_dump's file restores into PostgreSQL, and PostgreSQL's into pgtide", async () => {
    const whole = await dump(cluster.port);
    const [ours, theirs] = [join(folder, "ours.sql"), join(folder, "theirs.sql")];
    await tool("pg_dump", server.port, ["-f", ours]);
    await tool("pg_dump", cluster.port, ["-f", theirs]);
    await tool("createdb", cluster.port, ["back"]);
    await restore(cluster.port, "back", ours);
    expect(await dump(cluster.port, ["back"])).toBe(whole);

    const other = await TestServer.start();
    try {
      await tool("psql", other.port, ["-X", "-q", "-c", "CREATE ROLE reader; CREATE ROLE writer"]);
      await restore(other.port, "postgres", theirs);
      expect(await dump(other.port)).toBe(whole);
    } finally {
      await other.dispose();
    }
  });

  test("pg_dump's archive is restored by pg_restore, in parallel and in one transaction", async () => {
    const archive = join(folder, "archive");
    await tool("pg_dump", server.port, ["-Fc", "-n", "shop", "-f", archive]);
    for (const mode of [["--jobs=2"], ["--single-transaction"]]) {
      const options = ["--clean", "--if-exists", "--exit-on-error", "-d", "postgres", ...mode];
      await tool("psql", server.port, ["-q", "-c", DROP_FK]);
      await tool("pg_restore", server.port, [...options, archive]);
      expect(await dump(server.port, ["-n", "shop"])).toBe(
        await dump(cluster.port, ["-n", "shop"]),
      );
    }
  });

  test("pg_dumpall --globals-only writes roles, memberships and their settings", async () => {
    const [ours = "", theirs = ""] = await Promise.all(
      [server, cluster].map(({ port }) => tool("pg_dumpall", port, ["--globals-only"])),
    );
    const kept = (text: string) => text.split("\n").filter((line) => !/restrict/.test(line));
    expect(kept(ours)).toEqual(kept(theirs));
  });

  test("a time-series table keeps its options, and they are read again", async () => {
    const file = join(folder, "bars.sql");
    const make =
      "CREATE TSTABLE bars (ts timestamptz, sym text, v float8) TIME COLUMN ts ENTITY (sym)" +
      " BUCKET '15 minutes' ON OVERLAP ALLOW;" +
      "INSERT INTO bars VALUES ('2024-01-01', 'a', 1), ('2024-01-01 00:20', 'b', 2)";
    await tool("psql", server.port, ["-X", "-q", "-c", make]);
    const written = await dump(server.port, ["-t", "bars"]);
    expect(written).toContain(
      "WITH (time_column=ts, entity=sym, bucket='15 minutes', overlap=allow);",
    );
    await tool("pg_dump", server.port, ["-t", "bars", "-f", file]);
    await tool("psql", server.port, ["-X", "-q", "-c", "DROP TABLE bars"]);
    await restore(server.port, "postgres", file);
    expect(await dump(server.port, ["-t", "bars"])).toBe(written);
    const query = "SELECT bucket, overlap, entity_columns, rows FROM tstable.tables";
    expect(await tool("psql", server.port, ["-X", "-A", "-t", "-c", query])).toBe(
      "15 minutes|allow|{sym}|2\n",
    );
  });
});
