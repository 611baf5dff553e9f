/**
 * Encrypted connections, rules and passwords as libpq and psql see them, of a server in a process
 * of its own, which reads its files again on SIGHUP. Needs PGTIDE_TEST_VENV or PGTIDE_TEST_PSQL.
 */

import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sleep } from "../../src/base/async.ts";
import {
  type CertificateFiles,
  type CertificateFolder,
  certificateFolder,
  hasOpenssl,
} from "../support/certificates.ts";
import { psql, python, run, runPsql } from "../support/programs.ts";
import { TestServer } from "../support/server.ts";

const RULES = `
hostssl   all ada   127.0.0.1/32 cert
hostnossl all all   127.0.0.1/32 reject
hostssl   all all   127.0.0.1/32 scram-sha-256
`;

let folder: CertificateFolder;
let server: TestServer;
let own: CertificateFiles;
let next: CertificateFiles;
let client: CertificateFiles;

beforeAll(async () => {
  if (!hasOpenssl) return;
  folder = certificateFolder();
  own = folder.make("own", "/CN=localhost");
  next = folder.make("next", "/CN=localhost");
  client = folder.make("client", "/CN=ada");
  writeFileSync(join(folder.path, "pg_hba.conf"), RULES);
  server = await TestServer.start({
    args: [
      ...["--tls-cert", own.certificate, "--tls-key", own.key, "--tls-ca", client.certificate],
      ...["--hba-file", join(folder.path, "pg_hba.conf"), "--log-level", "info"],
    ],
    env: { PGTIDE_PASSWORD: "geheim" },
  });
});
afterAll(async () => {
  await server?.dispose();
  folder?.dispose();
});

/** Each connection string in turn: the role that got in, or the error's last words. */
const CONNECTS = `
import json, sys, psycopg
answers = []
for options in json.load(sys.stdin):
    try:
        with psycopg.connect(options) as connection:
            row = connection.execute("select current_user").fetchone()
            answers.append([row[0], connection.pgconn.ssl_in_use])
    except psycopg.OperationalError as error:
        answers.append(str(error).strip().rsplit("failed: ", 1)[-1])
print(json.dumps(answers))
`;

async function connects(options: readonly string[]): Promise<unknown[]> {
  const base = `host=localhost hostaddr=127.0.0.1 port=${server.port} dbname=postgres `;
  const input = JSON.stringify(options.map((one) => base + one));
  const finished = await run(python ?? "", ["-c", CONNECTS], { input });
  if (finished.status !== 0) throw new Error(finished.stderr);
  return JSON.parse(finished.stdout) as unknown[];
}

async function logged(event: string, since: number): Promise<void> {
  while (!server.logs.slice(since).some((line) => line.event === event)) await sleep(20);
}

describe.skipIf(!hasOpenssl || python === undefined)("libpq", () => {
  test("logs in as its options say, and is refused as the rules say", async () => {
    const me = "user=postgres password=geheim";
    const checked = `sslmode=verify-full sslrootcert=${own.certificate}`;
    const no = 'user "postgres", database "postgres", no encryption';
    const cases = {
      [`${me} sslmode=disable`]: `FATAL:  pg_hba.conf rejects connection for host "127.0.0.1", ${no}`,
      [`${me} sslmode=require`]: ["postgres", true],
      [`${me} sslmode=require channel_binding=require`]: ["postgres", true],
      [`${me} sslmode=require channel_binding=disable`]: ["postgres", true],
      [`${me} sslmode=require sslnegotiation=direct channel_binding=require`]: ["postgres", true],
      [`${me} sslmode=require ssl_max_protocol_version=TLSv1.2`]: ["postgres", true],
      [`${me} ${checked}`]: ["postgres", true],
      [`${me} sslmode=verify-full sslrootcert=${next.certificate}`]: expect.stringContaining(
        "certificate verify failed",
      ),
      "user=postgres password=falsch sslmode=require": expect.stringContaining(
        'password authentication failed for user "postgres"',
      ),
      [`user=ada sslmode=require sslcert=${client.certificate} sslkey=${client.key}`]:
        expect.stringContaining('role "ada" does not exist'),
      "user=ada sslmode=require": expect.stringContaining(
        "connection requires a valid client certificate",
      ),
      [`${me} sslmode=require sslcert=${next.certificate} sslkey=${next.key}`]:
        expect.stringMatching(/SSL|closed/),
    };
    expect(await connects(Object.keys(cases))).toEqual(Object.values(cases));
    expect(server.logs.filter(({ event }) => event === "login.failed").length).toBeGreaterThan(2);
    expect(server.stderr).not.toContain("geheim");
  });

  test("SIGHUP brings new rules and certificates, and a bad one changes nothing", async () => {
    const me = "user=postgres password=geheim";
    const strict = `${me} sslmode=verify-full sslrootcert=${next.certificate}`;
    const open = `${me} sslmode=disable`;
    copyFileSync(next.certificate, own.certificate);
    copyFileSync(next.key, own.key);
    writeFileSync(join(folder.path, "pg_hba.conf"), "host all all all scram-sha-256\n");
    let before = server.logs.length;
    process.kill(server.pid, "SIGHUP");
    await logged("reloaded", before);
    expect(await connects([strict, open])).toEqual([
      ["postgres", true],
      ["postgres", false],
    ]);
    writeFileSync(own.certificate, "nothing");
    writeFileSync(join(folder.path, "pg_hba.conf"), "host all\n");
    before = server.logs.length;
    process.kill(server.pid, "SIGHUP");
    await logged("reloaded", before);
    expect(server.logs.slice(before).filter(({ level }) => level === "error").length).toBe(2);
    expect(await connects([strict, open])).toEqual([
      ["postgres", true],
      ["postgres", false],
    ]);
  });
});

describe.skipIf(!hasOpenssl || psql === undefined)("psql", () => {
  test("says whom it talks to, and shows roles and rights", async () => {
    writeFileSync(join(folder.path, "pg_hba.conf"), "host all all all scram-sha-256\n");
    const before = server.logs.length;
    process.kill(server.pid, "SIGHUP");
    await logged("reloaded", before);
    const script = `
CREATE ROLE reader LOGIN PASSWORD 'lesen' VALID UNTIL '2040-01-01 00:00+00' CONNECTION LIMIT 3;
CREATE TABLE notes (id int, secret text);
INSERT INTO notes VALUES (1, 'x');
GRANT SELECT (id) ON notes TO reader;
\\du reader
\\dp notes
\\c - reader
\\conninfo
SELECT id FROM notes;
SELECT secret FROM notes;
`;
    const passwords = join(folder.path, "pgpass");
    writeFileSync(passwords, `*:*:*:postgres:geheim\n*:*:*:reader:lesen\n`, { mode: 0o600 });
    const { stdout, stderr } = await runPsql(server.port, script, {
      args: ["-At"],
      env: { PGSSLMODE: "require", PGPASSFILE: passwords },
    });
    expect(stdout).toContain("reader|3 connections");
    expect(stdout).toContain("reader=r/postgres");
    expect(stdout).toContain('You are connected to database "postgres" as user "reader"');
    expect(stdout).toContain("SSL connection");
    expect(stderr).toContain("42501: permission denied for table notes");
  });
});

test.skipIf(!hasOpenssl)(
  "a file of rules with a mistake keeps the server from starting",
  async () => {
    const rules = join(folder.path, "wrong.conf");
    writeFileSync(rules, "host all all all trust\nhost all all everywhere trust\n");
    await expect(TestServer.start({ args: ["--hba-file", rules] })).rejects.toThrow(
      'host name "everywhere" is not supported: give an IP address (line 2 of file',
    );
  },
);
