/**
 * Logins under one file of rules, here and in a real PostgreSQL: who gets in as whom, and what the
 * others are told. Needs PGTIDE_TEST_PG_BIN.
 */

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setLogLevel } from "../../src/base/telemetry.ts";
import { type RunningServer, startServer } from "../../src/server/server.ts";
import { type Cluster, postgresBin, startPostgres } from "../support/programs.ts";

const RULES = `
local all all trust
host all admin 127.0.0.1/32 trust
hostssl all tls 127.0.0.1/32 trust
host all rejected 0.0.0.0/0 reject
hostnossl all nossl 127.0.0.1/32 trust
host all old,newer,empty 127.0.0.1/32 md5
host all plain 127.0.0.1/32 password
host sameuser same samehost trust
host all +grp 127.0.0.1 255.255.255.255 trust
host postgres scram samenet scram-sha-256
host "all" everybody 127.0.0.1/32 trust
`;

const ROLES = `
  CREATE ROLE admin SUPERUSER LOGIN;
  CREATE ROLE tls LOGIN; CREATE ROLE rejected LOGIN; CREATE ROLE nossl LOGIN;
  SET password_encryption = md5;
  CREATE ROLE old LOGIN PASSWORD 'x';
  RESET password_encryption;
  CREATE ROLE newer LOGIN PASSWORD 'x'; CREATE ROLE empty LOGIN PASSWORD '';
  CREATE ROLE plain LOGIN PASSWORD 'x'; CREATE ROLE scram LOGIN PASSWORD 'x';
  CREATE ROLE same LOGIN; CREATE ROLE everybody LOGIN;
  CREATE ROLE grp; CREATE ROLE member LOGIN IN ROLE grp; CREATE ROLE nologin IN ROLE grp;
  CREATE ROLE full LOGIN IN ROLE grp CONNECTION LIMIT 0;
  ALTER ROLE member SET work_mem = '3MB';
`.replace("ROLE full", 'ROLE "full"');

const USERS = [
  ...["tls", "rejected", "nossl", "old", "newer", "empty", "plain", "scram"],
  ...["same", "everybody", "member", "nologin", "full", "stranger"],
];
const OTHERS: readonly pg.ClientConfig[] = [
  { user: "same", database: "same" },
  { user: "member", database: "nowhere" },
  { user: "scram", database: "nowhere", password: "x" },
  { user: "member", options: "-c work_mem=bad" },
  { user: "member", options: "-c nosuch=1" },
  { user: "member", options: "-c role=nobody" },
  { user: "member", options: "-c role=grp" },
  { user: "member", options: "-c role=admin" },
  { user: "member", options: "-c session_replication_role=replica" },
  { user: "member", options: "-x" },
];

describe.skipIf(postgresBin === undefined)("logins", () => {
  let folder: string;
  let server: RunningServer;
  let postgres: Cluster;

  beforeAll(async () => {
    setLogLevel("error");
    folder = mkdtempSync(join(tmpdir(), "pgtide-rules-"));
    chmodSync(folder, 0o755); // PostgreSQL runs as somebody else
    const hbaFile = join(folder, "pg_hba.conf");
    writeFileSync(hbaFile, `host all postgres 127.0.0.1/32 trust\n${RULES}`);
    const size = { memoryBytes: 256 * 2 ** 20, threads: 2, maxConnections: 20 };
    const where = { data: join(folder, "data"), host: "127.0.0.1", port: 0, allowPaths: [folder] };
    server = await startServer({ ...where, ...size, logLevel: "error", hbaFile }, undefined);
    postgres = await startPostgres([`hba_file=${hbaFile}`]);
    for (const { port } of [server, postgres]) await asAdmin(port, ROLES);
  });
  afterAll(async () => {
    await postgres?.stop();
    await server?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  async function asAdmin(port: number, sql: string): Promise<void> {
    const client = clientOf(port, { user: "postgres" });
    await client.connect();
    await client.query(sql);
    await client.end();
  }

  function clientOf(port: number, config: pg.ClientConfig): pg.Client {
    const client = new pg.Client({ host: "127.0.0.1", port, database: "postgres", ...config });
    client.on("error", () => undefined);
    return client;
  }

  async function login(port: number, config: pg.ClientConfig): Promise<unknown> {
    const client = clientOf(port, config);
    try {
      await client.connect();
      const { rows } = await client.query("SELECT current_user, current_setting('work_mem')");
      await client.end();
      return rows;
    } catch (cause) {
      const { code, message, detail, hint, severity } = cause as pg.DatabaseError;
      // Who gets in is not kept waiting the next time.
      await asAdmin(port, "SELECT 1");
      return { code, message, detail, hint, severity };
    }
  }

  test("end as PostgreSQL's do", async () => {
    const passwords = ["x", "wrong"];
    const cases = [
      ...USERS.flatMap((user) => passwords.map((password) => ({ user, password }))),
      ...OTHERS,
    ];
    for (const config of cases) {
      const expected = await login(postgres.port, config);
      expect(await login(server.port, config), JSON.stringify(config)).toEqual(expected);
    }
  });
});
