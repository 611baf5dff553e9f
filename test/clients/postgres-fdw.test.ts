/** postgres_fdw and dblink of a PostgreSQL see in pgtide what they see in another PostgreSQL. */

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cluster, postgresBin, psql, run, startPostgres } from "../support/programs.ts";
import { root } from "../support/root.ts";
import { TestServer } from "../support/server.ts";

const TOOLS = join(root, "test/clients/tools");
const COLUMNS = "(ts timestamptz NOT NULL, sym text NOT NULL, v float8)";
const ROWS = "('2024-01-01', 'a', 1), ('2024-01-01 01:00', 'b', 2)";
const timeout = 180_000;

describe.skipIf(psql === undefined || postgresBin === undefined)("a foreign server", () => {
  let server: TestServer;
  let cluster: Cluster;

  beforeAll(async () => {
    [server, cluster] = await Promise.all([TestServer.start(), startPostgres()]);
    for (const [{ port }, using] of [
      [server, "USING tstable WITH (entity = sym)"],
      [cluster, ""],
    ] as const) {
      const bars = `CREATE TABLE bars ${COLUMNS} ${using}; INSERT INTO bars VALUES ${ROWS}`;
      await script(port, "postgres", ["-q", "-f", join(TOOLS, "objects.sql"), "-c", bars]);
      // PostgreSQL 15 has no word for a column of another server that has a sequence there.
      await script(port, "postgres", ["-q", "-c", "DROP TABLE ident"]);
    }
  }, timeout);
  afterAll(async () => {
    await server?.dispose();
    await cluster?.stop();
  });

  async function script(port: number, database: string, args: readonly string[]): Promise<string> {
    const connection = ["-h", "127.0.0.1", "-p", String(port), "-U", "postgres", "-d", database];
    const finished = await run(psql ?? "", ["-X", ...connection, ...args], { timeoutMs: timeout });
    return `${finished.stdout}\n${finished.stderr}`;
  }

  /** What a database of the cluster prints over its foreign server. */
  async function foreign(database: string, remote: number): Promise<string[]> {
    await script(cluster.port, "postgres", ["-c", `CREATE DATABASE ${database}`]);
    const file = join(TOOLS, "foreign.sql");
    const all = await script(cluster.port, database, ["-v", `remote=${remote}`, "-f", file]);
    return all.replaceAll(String(remote), "PORT").split("\n");
  }

  test("is used by postgres_fdw and dblink as PostgreSQL is", { timeout }, async () => {
    const theirs = await foreign("theirs", cluster.port);
    expect(theirs.length).toBeGreaterThan(250);
    expect(await foreign("ours", server.port)).toEqual(theirs);
  });
});
