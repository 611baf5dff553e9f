/** Who gets in: roles, passwords, rules, limits; over a whole server in this process. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { setLogLevel } from "../../src/base/telemetry.ts";
import { type RunningServer, startServer } from "../../src/server/server.ts";

let folder: string;
let hbaFile: string;
let server: RunningServer;
let admin: pg.Client;
const clients: pg.Client[] = [];

const RULES = "host all trusted all trust\nhost all rejected all reject\n";
const ALL = `${RULES}host all +oldies all md5\nhost all plain all password\nhost all all all scram-sha-256\n`;

async function start(): Promise<void> {
  server = await startServer(
    {
      data: join(folder, "data"),
      host: "127.0.0.1",
      port: 0,
      allowPaths: [folder],
      memoryBytes: 256 * 2 ** 20,
      threads: 2,
      maxConnections: 6,
      reservedConnections: 2,
      logLevel: "error",
      hbaFile,
    },
    "geheim",
  );
  admin = await login("postgres", "geheim");
}

async function login(user: string, password: string, options: pg.ClientConfig = {}) {
  const client = new pg.Client({
    host: "127.0.0.1",
    port: server.port,
    user,
    password,
    database: "postgres",
    ...options,
  });
  client.on("error", () => undefined);
  await client.connect();
  clients.push(client);
  return client;
}

async function leave(): Promise<void> {
  for (const client of clients.splice(0)) if (client !== admin) await client.end();
  clients.push(admin);
}

/** SQLSTATE and message of a login that fails. */
async function refusal(user: string, password: string, options: pg.ClientConfig = {}) {
  const cause = await login(user, password, options).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(cause instanceof pg.DatabaseError)) throw new Error("expected a refusal", { cause });
  // Who gets in is not kept waiting the next time.
  await login("trusted", "").then(
    async (client) => await client.end(),
    () => undefined,
  );
  return `${cause.code} ${cause.message}`;
}

beforeAll(async () => {
  setLogLevel("error"); // of failed logins there are many here
  folder = mkdtempSync(join(tmpdir(), "pgtide-logins-"));
  hbaFile = join(folder, "pg_hba.conf");
  writeFileSync(hbaFile, ALL);
  await start();
  await admin.query(`
    CREATE ROLE ada LOGIN PASSWORD 'lovelace';
    CREATE ROLE oldies;
    SET password_encryption = 'md5';
    CREATE ROLE old LOGIN PASSWORD 'alt' IN ROLE oldies;
    RESET password_encryption;
    CREATE ROLE scram LOGIN PASSWORD 'neu' IN ROLE oldies;
    CREATE ROLE plain LOGIN PASSWORD 'klar';
    CREATE ROLE trusted LOGIN;
    CREATE ROLE rejected LOGIN PASSWORD 'x';
    CREATE ROLE nologin PASSWORD 'x';
    CREATE ROLE empty LOGIN;
    CREATE ROLE late LOGIN PASSWORD 'x' VALID UNTIL '2020-01-01';
    CREATE ROLE few LOGIN PASSWORD 'x' CONNECTION LIMIT 1;
  `);
});
afterAll(async () => {
  for (const client of clients) await client.end().catch(() => undefined);
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const WRONG = (user: string) => `28P01 password authentication failed for user "${user}"`;

test("each method lets in whom it should, with the role's own rights", async () => {
  for (const [user, password] of [
    ["ada", "lovelace"],
    ["old", "alt"],
    ["scram", "neu"],
    ["plain", "klar"],
    ["trusted", ""],
  ] as const) {
    const client = await login(user, password);
    const { rows } = await client.query("SELECT current_user, session_user");
    expect(rows).toEqual([{ current_user: user, session_user: user }]);
    await expect(client.query("CREATE ROLE more")).rejects.toMatchObject({ code: "42501" });
    await expect(client.query("SET ROLE postgres")).rejects.toMatchObject({ code: "42501" });
    const authorization = client.query("SET SESSION AUTHORIZATION postgres");
    await expect(authorization).rejects.toMatchObject({ code: "42501" });
    await leave();
  }
});

test("a wrong password, no password, an expired one and no such user look the same", async () => {
  for (const user of ["ada", "old", "scram", "plain", "empty", "late", "stranger"]) {
    expect(await refusal(user, "falsch")).toBe(WRONG(user));
  }
  expect(await refusal("late", "x")).toBe(WRONG("late"));
});

test("rules, roles and databases refuse in PostgreSQL's words", async () => {
  const host = 'host "127.0.0.1"';
  const where = `${host}, user "rejected", database "postgres", no encryption`;
  expect(await refusal("rejected", "x")).toBe(`28000 pg_hba.conf rejects connection for ${where}`);
  expect(await refusal("nologin", "x")).toBe('28000 role "nologin" is not permitted to log in');
  expect(await refusal("ada", "lovelace", { database: "other" })).toBe(
    '3D000 database "other" does not exist',
  );
  await admin.query("REVOKE CONNECT ON DATABASE postgres FROM PUBLIC");
  expect(await refusal("ada", "lovelace")).toBe('42501 permission denied for database "postgres"');
  await admin.query("GRANT CONNECT ON DATABASE postgres TO PUBLIC");
  await (await login("ada", "lovelace")).end();
});

test("a role's limit counts its own sessions, and the last places are for superusers", async () => {
  await leave();
  const one = await login("few", "x");
  expect(await refusal("few", "x")).toBe('53300 too many connections for role "few"');
  await one.end();
  await login("few", "x");
  await login("ada", "lovelace");
  await login("ada", "lovelace");
  expect(await refusal("ada", "lovelace")).toBe(
    "53300 remaining connection slots are reserved for roles with the SUPERUSER attribute",
  );
  await login("postgres", "geheim");
  await login("postgres", "geheim");
  expect(await refusal("postgres", "geheim")).toBe("53300 sorry, too many clients already");
  await leave();
});

test("settings of roles and of the database apply at login, the client's own above them", async () => {
  await admin.query(`
    ALTER DATABASE postgres SET work_mem = '3MB';
    ALTER ROLE ada SET work_mem = '5MB';
    ALTER ROLE ada IN DATABASE postgres SET lock_timeout = '7s';
    ALTER ROLE ada SET search_path = pg_temp;
    ALTER ROLE scram SET ROLE = oldies;
  `);
  const shown = async (client: pg.Client, name: string) =>
    Object.values((await client.query(`SHOW ${name}`)).rows[0] as object)[0];
  const ada = await login("ada", "lovelace", { options: "-c lock_timeout=9s" });
  expect(await shown(ada, "work_mem")).toBe("5MB");
  expect(await shown(ada, "lock_timeout")).toBe("9s");
  expect(await shown(ada, "search_path")).toBe("pg_temp");
  await ada.query("SET work_mem = '1MB'; RESET work_mem");
  expect(await shown(ada, "work_mem")).toBe("5MB");
  const plain = await login("plain", "klar");
  expect(await shown(plain, "work_mem")).toBe("3MB");
  const scram = await login("scram", "neu");
  expect((await scram.query("SELECT current_user")).rows).toEqual([{ current_user: "oldies" }]);
  await leave();
});

test("a session goes on under a new name, loses rights at once, and ends with its role", async () => {
  await admin.query("CREATE ROLE brief LOGIN PASSWORD 'x' SUPERUSER");
  const brief = await login("brief", "x");
  await brief.query("CREATE TABLE of_brief AS SELECT 1 AS a");
  await admin.query("ALTER ROLE brief RENAME TO longer");
  expect((await brief.query("SELECT current_user")).rows).toEqual([{ current_user: "longer" }]);
  await admin.query("ALTER ROLE longer NOSUPERUSER; ALTER TABLE of_brief OWNER TO postgres");
  await expect(brief.query("SELECT * FROM of_brief")).rejects.toMatchObject({ code: "42501" });
  await admin.query("DROP ROLE longer; CREATE ROLE longer SUPERUSER");
  await expect(brief.query("SELECT 1")).rejects.toMatchObject({ code: "42704" });
  await leave();
});

test("passwords survive a restart, as verifiers that are in no statement", async () => {
  await admin.query("ALTER ROLE ada PASSWORD 'byron'");
  expect(await refusal("ada", "lovelace")).toBe(WRONG("ada"));
  const own = await login("ada", "byron");
  await own.query("ALTER ROLE CURRENT_USER PASSWORD 'eigenes'");
  await expect(own.query("ALTER ROLE plain PASSWORD 'x'")).rejects.toMatchObject({ code: "42501" });
  await expect(own.query("ALTER ROLE ada SUPERUSER")).rejects.toMatchObject({ code: "42501" });
  await admin.query("BEGIN; ALTER ROLE ada PASSWORD 'nie'; ROLLBACK");
  await admin.query("ALTER ROLE old RENAME TO older");
  for (const client of clients.splice(0)) await client.end();
  await server.stop();
  await start();
  await login("ada", "eigenes");
  expect(await refusal("ada", "byron")).toBe(WRONG("ada"));
  expect(await refusal("older", "alt")).toBe(WRONG("older"));
  await admin.query("ALTER ROLE ada PASSWORD NULL");
  expect(await refusal("ada", "eigenes")).toBe(WRONG("ada"));
  const { rows } = await admin.query("SELECT DISTINCT rolpassword FROM pg_authid");
  expect(rows).toEqual([{ rolpassword: null }]);
  await leave();
});

test("rules are read again when told to, unless there is a mistake in them", async () => {
  writeFileSync(hbaFile, "host all all all nonsense\n");
  server.reload();
  await (await login("trusted", "")).end();
  writeFileSync(hbaFile, "host all postgres all scram-sha-256\n");
  server.reload();
  expect(await refusal("trusted", "")).toBe(
    '28000 no pg_hba.conf entry for host "127.0.0.1", user "trusted", database "postgres", no encryption',
  );
  await (await login("postgres", "geheim")).end();
});
