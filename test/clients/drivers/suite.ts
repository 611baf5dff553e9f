/**
 * The tests of a list of clients: each one's program runs against pgtide, plain and over TLS, both
 * with a SCRAM password, and must print what it prints against PostgreSQL; README's row of each
 * client must be what ran. With PGTIDE_TEST_CLIENTS=write the `.expected` files are written from
 * PostgreSQL, and README's rows from pgtide.
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type CertificateFiles,
  type CertificateFolder,
  certificateFolder,
  hasOpenssl,
} from "../../support/certificates.ts";
import { type Cluster, postgresBin, run, startPostgres } from "../../support/programs.ts";
import { root } from "../../support/root.ts";
import { TestServer } from "../../support/server.ts";
import { featuresOf, type Printed, readPrinted } from "./lines.ts";
import type { ClientProgram, ProgramEnvironment } from "./program.ts";
import { rowInReadme, rowOf, writeRow } from "./readme.ts";

const isWriting = process.env["PGTIDE_TEST_CLIENTS"] === "write";
const PASSWORD = "geheim";
const PROGRAM_MS_MAX = 60_000;

async function runProgram(
  program: ClientProgram,
  target: Pick<ProgramEnvironment, "PGPORT" | "PGSSLMODE" | "PGSSLROOTCERT" | "CLIENT_USING">,
): Promise<Printed> {
  const env: ProgramEnvironment = {
    TZ: "UTC",
    PGHOST: "127.0.0.1",
    PGUSER: "postgres",
    PGPASSWORD: PASSWORD,
    PGDATABASE: "postgres",
    ...target,
  };
  const [file = "", ...args] = program.command ?? [];
  const timeoutMs = program.timeoutMs ?? PROGRAM_MS_MAX;
  const finished = await run(file, args, { env: { ...env }, timeoutMs });
  if (finished.status !== 0) {
    throw new Error(`${program.source} ended with ${finished.status}:\n${finished.stderr}`);
  }
  return readPrinted(finished.stdout);
}

function expectedFile(program: ClientProgram): string {
  const variant = program.variant === undefined ? "" : `-${program.variant}`;
  const file = program.source.replace(/\.\w+$/, `${variant}.expected`);
  return join(root, "test/clients", file);
}

function expectedLines(program: ClientProgram): readonly string[] {
  const file = expectedFile(program);
  return existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
}

export function describeClients(programs: readonly ClientProgram[]): void {
  const isAnyHere = programs.some(({ command }) => command !== undefined);
  let folder: CertificateFolder;
  let server: TestServer;
  let cluster: Cluster | undefined;
  let own: CertificateFiles;

  beforeAll(async () => {
    if (!isAnyHere || !hasOpenssl) return;
    folder = certificateFolder();
    own = folder.make("own", "/CN=localhost");
    const rules = join(folder.path, "pg_hba.conf");
    writeFileSync(rules, "host all all 127.0.0.1/32 scram-sha-256\n");
    const args = ["--tls-cert", own.certificate, "--tls-key", own.key, "--hba-file", rules];
    server = await TestServer.start({ args, env: { PGTIDE_PASSWORD: PASSWORD } });
    if (postgresBin !== undefined) cluster = await startPostgres();
  });
  afterAll(async () => {
    await server?.dispose();
    await cluster?.stop();
    folder?.dispose();
  });

  /** One line apart from a list that is expected, a diff says which. */
  const onPgtide = (program: ClientProgram, sslmode: string) =>
    runProgram(program, {
      PGPORT: String(server.port),
      PGSSLMODE: sslmode,
      PGSSLROOTCERT: own.certificate,
      CLIENT_USING: "USING tstable",
    });

  describe.each(programs)("$name", (program) => {
    const timeout = 3 * (program.timeoutMs ?? PROGRAM_MS_MAX);
    const isSkipped = program.command === undefined || !hasOpenssl;

    test.skipIf(isSkipped || postgresBin === undefined)(
      "prints against PostgreSQL what is expected",
      { timeout },
      async () => {
        const { lines } = await runProgram(program, {
          PGPORT: String(cluster?.port),
          PGSSLMODE: "disable",
          PGSSLROOTCERT: "",
          CLIENT_USING: "",
        });
        if (isWriting) writeFileSync(expectedFile(program), `${lines.join("\n")}\n`);
        expect(lines).toEqual(expectedLines(program));
      },
    );

    test.skipIf(isSkipped)(
      "prints the same against pgtide, plain and over TLS, and README says so",
      { timeout },
      async () => {
        const expected = expectedLines(program);
        expect(await onPgtide(program, "disable")).toEqual({ isEncrypted: false, lines: expected });
        expect(await onPgtide(program, "verify-full")).toEqual({
          isEncrypted: true,
          lines: expected,
        });
        const row = rowOf(program.name, featuresOf(expected));
        if (isWriting) writeRow(program.name, row);
        expect(rowInReadme(program.name)).toBe(row);
      },
    );
  });
}
