/**
 * Real PostgreSQL, psql and Python for the tests that need them. Only the environment names them, so
 * that `npm test` means the same on every machine: what is not named is skipped, visibly.
 * `.ci/run` installs and names all of them.
 */

import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, sleep } from "../../src/base/async.ts";

function named(variable: string, below = ""): string | undefined {
  const value = process.env[variable];
  if (value === undefined || value === "") return undefined;
  const path = join(value, below);
  if (!existsSync(path)) throw new Error(`${variable} names ${path}, which does not exist`);
  return path;
}

/** psql's executable. */
export const psql = named("PGTIDE_TEST_PSQL");
/**
 * Python of an environment with the reference library, pyarrow, duckdb, polars, psycopg, psycopg2
 * and asyncpg.
 */
export const python = named("PGTIDE_TEST_VENV", "bin/python");
/** Folder whose node_modules has the packages of test/clients/node. */
export const nodeClients = named("PGTIDE_TEST_NODE_CLIENTS");
/** test/clients/pgx, built. */
export const pgxSession = named("PGTIDE_TEST_PGX");
/** Folder of the programs of test/clients/go, built. */
export const goFolder = named("PGTIDE_TEST_GO");
/** test/clients/c/libpq.c, built. */
export const libpqProgram = named("PGTIDE_TEST_LIBPQ");
/** The program of test/clients/rust, built. */
export const tokioProgram = named("PGTIDE_TEST_TOKIO");
/** Folder of postgresql.jar, pgjdbc's, and of the classes of test/clients/jdbc. */
export const jdbcFolder = named("PGTIDE_TEST_JDBC");
/** Folder of initdb and postgres, 15 or later. */
export const postgresBin = named("PGTIDE_TEST_PG_BIN");

export interface Finished {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** Runs a program to its end; a program that must be stopped has status -1. */
export async function run(
  file: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: "pipe",
  });
  const deadline = after(options.timeoutMs ?? 60_000, () => child.kill("SIGKILL"));
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (bytes: Buffer) => stdout.push(bytes));
  child.stderr.on("data", (bytes: Buffer) => stderr.push(bytes));
  child.stdin.on("error", () => undefined); // it may end without reading all of its input
  child.stdin.end(options.input ?? "");
  const [status] = (await once(child, "close")) as [number | null];
  deadline.cancel();
  return {
    status: status ?? -1,
    stdout: Buffer.concat(stdout).toString(),
    stderr: Buffer.concat(stderr).toString(),
  };
}

/** Runs psql over a script, as a person would type it; messages come with their SQLSTATE. */
export function runPsql(
  port: number,
  script: string,
  options: RunOptions & { readonly args?: readonly string[] } = {},
): Promise<Finished> {
  if (psql === undefined) throw new Error("PGTIDE_TEST_PSQL is not set");
  const args = ["-X", "-h", "127.0.0.1", "-p", String(port), "-U", "postgres", "-d", "postgres"];
  const input = `\\set VERBOSITY verbose\n\\set SHOW_CONTEXT never\n${script}`;
  return run(psql, [...args, ...(options.args ?? [])], { ...options, input });
}

/** A user without rights, for what must not (PostgreSQL) or should not run as root. */
function unprivilegedIds(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ["postgres", "nobody"]) {
    try {
      const [uid, gid] = ["-u", "-g"].map((flag) =>
        Number(execFileSync("id", [flag, name], { stdio: ["ignore", "pipe", "ignore"] })),
      );
      if (uid !== undefined && gid !== undefined) return { uid, gid };
    } catch (cause) {
      if (name === "nobody") throw new Error("no user without rights on this machine", { cause });
    }
  }
  return undefined;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

export interface Cluster {
  readonly port: number;
  /** Stops it and deletes its folder. */
  stop(): Promise<void>;
}

/** A PostgreSQL of its own on a free port, trusting everybody on loopback. */
export async function startPostgres(settings: readonly string[] = []): Promise<Cluster> {
  if (postgresBin === undefined) throw new Error("PGTIDE_TEST_PG_BIN is not set");
  const folder = mkdtempSync(join(tmpdir(), "pgtide-postgres-"));
  const ids = unprivilegedIds();
  if (ids !== undefined) chownSync(folder, ids.uid, ids.gid);
  const data = join(folder, "data");
  const options = { ...ids, cwd: folder };
  const initArgs = ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"];
  await new Promise<void>((resolve, reject) => {
    execFile(join(postgresBin ?? "", "initdb"), initArgs, options, (error) =>
      error === null ? resolve() : reject(error),
    );
  });
  const port = await freePort();
  const fixed = ["listen_addresses=127.0.0.1", `unix_socket_directories=${folder}`, "fsync=off"];
  const args = [...fixed, "timezone=UTC", ...settings].flatMap((setting) => ["-c", setting]);
  const child = spawn(join(postgresBin, "postgres"), ["-D", data, "-p", String(port), ...args], {
    ...options,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (bytes: Buffer) => {
    log += bytes.toString();
  });
  const exited = once(child, "exit");
  const until = Date.now() + 60_000;
  while (!log.includes("ready to accept connections")) {
    if (child.exitCode !== null || Date.now() > until) {
      child.kill("SIGKILL");
      throw new Error(`PostgreSQL did not start: ${log}`);
    }
    await sleep(20);
  }
  return {
    port,
    stop: async () => {
      child.kill("SIGINT"); // fast shutdown
      const deadline = after(10_000, () => child.kill("SIGKILL"));
      await exited;
      deadline.cancel();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
