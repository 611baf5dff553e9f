/** What catalogues tell of the running server: sessions, locks, settings, counts; and what is refused. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hbaRows } from "../../src/server/hba-rows.ts";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;
let other: pg.Client;

beforeAll(async () => {
  server = await startLocalServer();
  other = await server.connect();
  await server.rows(
    "CREATE TABLE plain (id serial PRIMARY KEY, name text);" +
      "INSERT INTO plain (name) SELECT 'n' || g FROM generate_series(1, 250) g;" +
      "CREATE TSTABLE series (ts timestamptz NOT NULL, v float8);" +
      "INSERT INTO series SELECT timestamptz '2024-01-01' + g * interval '1 hour', g" +
      " FROM generate_series(1, 40) g;" +
      "CREATE ROLE reader LOGIN",
  );
});

afterAll(async () => {
  await server.stop();
});

const one = async (sql: string) => (await server.rows(sql))[0];
const pidOf = async (client: pg.Client) =>
  Object.values((await client.query("SELECT pg_backend_pid()")).rows[0])[0] as string;

describe("pg_locks", () => {
  test("shows what a transaction has locked and changed, and which others wait for it", async () => {
    const pid = await pidOf(other);
    await other.query("BEGIN; UPDATE plain SET name = 'x' WHERE id = 1");
    const waiter = await server.connect();
    const waiting = await pidOf(waiter);
    const waited = waiter.query("UPDATE plain SET name = 'y' WHERE id = 1");
    for (;;) {
      const [blocked] = await server.rows(`SELECT pg_blocking_pids(${waiting})`);
      if (blocked?.[0] === `{${pid}}`) break;
    }
    const locks = await server.rows(
      "SELECT locktype, mode, granted FROM pg_locks" +
        ` WHERE pid = ${pid} OR NOT granted ORDER BY granted DESC, 1`,
    );
    expect(locks).toEqual([
      ["relation", "RowExclusiveLock", "t"],
      ["transactionid", "ExclusiveLock", "t"],
      ["virtualxid", "ExclusiveLock", "t"],
      ["transactionid", "ShareLock", "f"],
    ]);
    expect(
      await one(
        "SELECT w.pid, h.pid, w.waitstart IS NULL, a.wait_event_type, a.wait_event, a.state" +
          " FROM pg_locks w JOIN pg_locks h USING (transactionid)" +
          " JOIN pg_stat_activity a ON a.pid = w.pid WHERE NOT w.granted AND h.granted",
      ),
    ).toEqual([waiting, pid, "f", "Lock", "transactionid", "active"]);
    await other.query("ROLLBACK");
    await waited;
    await waiter.end();
    expect(await one("SELECT count(*) FROM pg_locks WHERE locktype <> 'virtualxid'")).toEqual([
      "0",
    ]);
  });

  test("shows advisory locks by their keys, and LOCK TABLE by its mode", async () => {
    await other.query("BEGIN; LOCK TABLE plain IN SHARE MODE");
    await other.query("SELECT pg_advisory_lock(7, 9), pg_advisory_xact_lock_shared(5000000001)");
    const locks = await server.rows(
      "SELECT relation::regclass, classid, objid, objsubid, mode FROM pg_locks" +
        " WHERE locktype IN ('advisory', 'relation') ORDER BY locktype, objsubid",
    );
    expect(locks).toEqual([
      [null, "1", "705032705", "1", "ShareLock"],
      [null, "7", "9", "2", "ExclusiveLock"],
      ["plain", null, null, null, "ShareLock"],
    ]);
    await other.query("COMMIT");
    await other.query("SELECT pg_advisory_unlock_all()");
  });
});

describe("pg_stat_activity and its kin", () => {
  test("show sessions as they are, whole query text included", async () => {
    const pid = await pidOf(other);
    await other.query("BEGIN");
    await other.query("SELECT 1 -- why\n");
    expect(
      await one(
        "SELECT query, state, wait_event, backend_type, xact_start <= query_start," +
          ` state_change >= query_start, usename, client_addr FROM pg_stat_activity WHERE pid = ${pid}`,
      ),
    ).toEqual([
      "SELECT 1 -- why\n",
      "idle in transaction",
      "ClientRead",
      "client backend",
      "t",
      "t",
      "postgres",
      "127.0.0.1",
    ]);
    await other.query("COMMIT");
    expect(await one(`SELECT ssl, cipher FROM pg_stat_ssl WHERE pid = ${pid}`)).toEqual([
      "f",
      null,
    ]);
    expect(await one(`SELECT gss_authenticated, encrypted FROM pg_stat_gssapi WHERE pid = ${pid}`)) //
      .toEqual(["f", "f"]);
    expect(await one("SELECT numbackends FROM pg_stat_database WHERE datname = 'postgres'")) //
      .toEqual(["2"]);
  });

  test("tell who may not know more as little as PostgreSQL does", async () => {
    await server.rows("SET ROLE reader");
    try {
      const pid = await pidOf(other);
      expect(
        await one(
          `SELECT usename, query, state, backend_type FROM pg_stat_activity WHERE pid = ${pid}`,
        ),
      ).toEqual(["postgres", "<insufficient privilege>", null, null]);
      expect((await server.refusal("SHOW data_directory")).code).toBe("42501");
      expect((await server.refusal("SELECT current_setting('hba_file')")).code).toBe("42501");
      expect(await one("SELECT count(*) FROM pg_settings WHERE name = 'data_directory'")).toEqual([
        "0",
      ]);
      expect((await server.refusal("SELECT * FROM pg_hba_file_rules")).code).toBe("42501");
      expect((await server.refusal("SELECT pg_reload_conf()")).code).toBe("42501");
    } finally {
      await server.rows("RESET ROLE");
    }
  });

  test("the addresses are those of the connection", async () => {
    expect(
      await one(
        "SELECT inet_server_addr(), inet_server_port(), inet_client_addr(), inet_client_port() > 0",
      ),
    ).toEqual(["127.0.0.1", String(server.port), "127.0.0.1", "t"]);
  });
});

describe("settings", () => {
  test("are this server's, alike in SHOW, SHOW ALL, pg_settings and current_setting", async () => {
    const names = ["port", "max_connections", "data_directory", "ssl", "fsync", "listen_addresses"];
    const all = new Map((await server.rows("SHOW ALL")).map(([name, value]) => [name, value]));
    for (const name of names) {
      const shown = (await one(`SHOW ${name}`))?.[0];
      expect(await one(`SELECT current_setting('${name}'), current_setting('${name}', true)`)) //
        .toEqual([shown, shown]);
      expect(await one(`SELECT setting FROM pg_settings WHERE name = '${name}'`)).toEqual([shown]);
      expect(all.get(name)).toBe(shown);
    }
    expect(await one("SHOW port")).toEqual([String(server.port)]);
    expect(await one("SELECT current_setting('max_connections')")).toEqual(["20"]);
    expect(all.get("statement_timeout")).toBe("0");
    expect(
      await one(
        "SELECT count(*) FROM pg_settings WHERE sourcefile IS NOT NULL OR setting ~ 'pglite'",
      ),
    ).toEqual(["0"]);
  });

  test("of the session are told wherever one asks, in their unit", async () => {
    await server.rows("SET statement_timeout = '5s'; SET work_mem = '8MB'");
    const rows = await server.rows(
      "SELECT name, setting, unit, source, current_setting(name) FROM pg_settings" +
        " WHERE name IN ('statement_timeout', 'work_mem', 'application_name') ORDER BY 1",
    );
    expect(rows).toEqual([
      ["application_name", "", null, "default", ""],
      ["statement_timeout", "5000", "ms", "session", "5s"],
      ["work_mem", "8192", "kB", "session", "8MB"],
    ]);
    await server.rows("RESET ALL");
    await server.rows("BEGIN READ ONLY ISOLATION LEVEL SERIALIZABLE");
    expect(
      await one(
        "SELECT current_setting('transaction_read_only'), current_setting('transaction_isolation')",
      ),
    ).toEqual(["on", "serializable"]);
    await server.rows("COMMIT");
    expect(await one("SELECT current_setting('transaction_read_only')")).toEqual(["off"]);
  });

  test("an unknown one is PostgreSQL's error, without a word of how it was asked", async () => {
    const refusal = await server.refusal("SELECT current_setting('nope')");
    expect([refusal.code, refusal.message, refusal.where]).toEqual([
      "42704",
      'unrecognized configuration parameter "nope"',
      undefined,
    ]);
    expect(await one("SELECT current_setting('nope', true), current_setting(NULL)")).toEqual([
      null,
      null,
    ]);
  });
});

describe("counts", () => {
  test("rows and sizes are those of segments, hot rows and ordinary tables", async () => {
    const rows = await server.rows(
      "SELECT c.relname, reltuples, relpages, n_live_tup, pg_relation_size(c.oid) > 0," +
        " pg_total_relation_size(c.oid) >= pg_table_size(c.oid)" +
        " FROM pg_class c JOIN pg_stat_user_tables s ON s.relid = c.oid" +
        " WHERE c.relname IN ('plain', 'series') ORDER BY 1",
    );
    expect(rows).toEqual([
      ["plain", "250", "0", "250", "t", "t"],
      ["series", "40", "0", "40", "t", "t"],
    ]);
    expect(await one("SELECT pg_database_size('postgres') >= pg_relation_size('series')")).toEqual([
      "t",
    ]);
  });

  test("sequences tell their last value", async () => {
    expect(await one("SELECT last_value FROM pg_sequences WHERE sequencename = 'plain_id_seq'")) //
      .toEqual(["250"]);
    expect(await one("SELECT pg_sequence_last_value('plain_id_seq')")).toEqual(["250"]);
    await server.rows("CREATE SEQUENCE unused");
    expect(await one("SELECT pg_sequence_last_value('unused')")).toEqual([null]);
  });
});

describe("transaction ids", () => {
  test("stay the same within a transaction and grow from one to the next", async () => {
    const id = async () => Number((await one("SELECT txid_current()"))?.[0]);
    const first = await id();
    await server.rows("BEGIN");
    expect(await one("SELECT txid_current_if_assigned()")).toEqual([null]);
    const second = await id();
    expect(second).toBeGreaterThan(first);
    expect(await id()).toBe(second);
    expect(await one("SELECT pg_current_xact_id()::text, pg_current_xact_id_if_assigned()::text")) //
      .toEqual([String(second), String(second)]);
    const [snapshot] = (await other.query("SELECT pg_current_snapshot() AS s")).rows;
    expect(snapshot.s).toBe(`${second}:${second + 1}:${second}`);
    await server.rows("COMMIT");
    await server.rows("BEGIN; UPDATE plain SET name = 'z' WHERE id = 2");
    expect(Number((await one("SELECT txid_current_if_assigned()"))?.[0])).toBeGreaterThan(second);
    await server.rows("ROLLBACK");
  });
});

test("pg_reload_conf reloads, and pg_rotate_logfile says that there is nothing to rotate", async () => {
  const before = (await one("SELECT pg_conf_load_time()"))?.[0] ?? "";
  expect(await one("SELECT pg_reload_conf()")).toEqual(["t"]);
  expect((await one("SELECT pg_conf_load_time()"))?.[0] ?? "").not.toBe(before);
  expect(await one("SELECT pg_rotate_logfile()")).toEqual(["f"]);
});

test("what would tell of the embedded server's files, log and memory is refused by name", async () => {
  for (const call of [
    "pg_ls_dir('.')",
    "pg_read_file('PG_VERSION')",
    "pg_export_snapshot()",
    "pg_relation_filepath('plain')",
    "pg_current_wal_lsn()",
    "pg_stat_get_backend_pid(1)",
    "pg_config()",
    "pg_control_system()",
  ]) {
    const refusal = await server.refusal(`SELECT ${call}`);
    expect([refusal.code, refusal.message]).toEqual([
      "0A000",
      expect.stringMatching(
        `^function ${call.slice(0, call.indexOf("("))}\\(.*\\) is not supported$`,
      ),
    ]);
  }
});

test("pg_hba_file_rules shows each line of the file, and what is wrong with it", () => {
  const file = join(server.folder, "hba");
  writeFileSync(
    file,
    "# rules\nhostssl all +staff,anna 10.0.0.0/8 scram-sha-256 clientcert=verify-ca\n" +
      "host all all 192.168.0.0 255.255.0.0 md5\nhost all all samehost trust\n",
  );
  expect(hbaRows(file)).toEqual([
    expect.objectContaining({
      rule_number: 1,
      line_number: 2,
      type: "hostssl",
      user_name: ["+staff", "anna"],
      address: "10.0.0.0",
      netmask: "255.0.0.0",
      auth_method: "scram-sha-256",
      options: ["clientcert=verify-ca"],
    }),
    expect.objectContaining({ address: "192.168.0.0", netmask: "255.255.0.0", auth_method: "md5" }),
    expect.objectContaining({ address: "samehost", netmask: undefined, auth_method: "trust" }),
  ]);
  writeFileSync(file, "host all all nowhere trust\n");
  expect(hbaRows(file)).toEqual([
    {
      file_name: file,
      line_number: 1,
      error: 'host name "nowhere" is not supported: give an IP address',
    },
  ]);
});
