/** The process as an operator meets it: starting, refusing to start, stopping. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdtempSync, rmSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OPTIONS } from "../../src/server/config.ts";
import { run } from "../support/programs.ts";
import { root } from "../support/root.ts";
import { StartError, TestServer } from "../support/server.ts";
import { connect } from "./targets.ts";

const main = join(root, "dist/main.js");

async function refusal(options: Parameters<typeof TestServer.start>[0]): Promise<StartError> {
  const outcome = await TestServer.start(options).then(
    (server) => server.dispose().then(() => "it started"),
    (error: unknown) => error,
  );
  if (outcome instanceof StartError) return outcome;
  throw new Error("expected a refusal to start", { cause: outcome });
}

describe("a server that runs", () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await TestServer.start();
  });
  afterAll(() => server?.dispose());

  test("its port in use is one clear line and exit code 1", async () => {
    const refused = await refusal({ args: ["--port", String(server.port)] });
    expect(refused.exitCode).toBe(1);
    expect(clearLines(refused)).toHaveLength(1);
    expect(refused.stderr).toContain(String(server.port));
  });

  test("its folder in use is one clear line and exit code 1", async () => {
    const refused = await refusal({ data: server.data });
    expect(refused.exitCode).toBe(1);
    expect(clearLines(refused)).toHaveLength(1);
    expect(refused.stderr).toContain(server.data);
  });

  test("its stderr holds JSON lines only", async () => {
    const client = await connect(server.port);
    await client.query("SELECT 1");
    await client.end();
    const lines = server.stderr.split("\n").filter((line) => line !== "");
    for (const line of lines) {
      expect(JSON.parse(line)).toMatchObject({
        level: expect.any(String),
        event: expect.any(String),
      });
    }
  });

  test("garbage instead of a startup packet does not disturb the others", async () => {
    const client = await connect(server.port);
    for (const bytes of [
      "GET / HTTP/1.1\r\n\r\n",
      "\x00\x00\x00\x00",
      "\x7f\xff\xff\xff",
      "\x00",
    ]) {
      const socket = connectSocket(server.port, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.resume();
      socket.end(Buffer.from(bytes, "latin1"));
      await once(socket, "close");
    }
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    await client.end();
  });
});

describe("starting", () => {
  test("--help lists every option and exits with 0", async () => {
    const { status, stdout } = await run(process.execPath, [main, "--help"]);
    expect(status).toBe(0);
    for (const option of OPTIONS) expect(stdout).toContain(option.flag);
    expect(OPTIONS.length).toBeGreaterThan(6);
  });

  test.each([
    [["--port", "70000"], "--port"],
    [["--memory", "much"], "--memory"],
    [["--no-such-option"], "--no-such-option"],
  ])("%j is one clear line and exit code 1", async (args, mentioned) => {
    const refused = await refusal({ args });
    expect(refused.exitCode).toBe(1);
    expect(clearLines(refused)).toHaveLength(1);
    expect(refused.stderr).toContain(mentioned);
  });

  test("beyond loopback it wants a password", async () => {
    const refused = await refusal({ args: ["--host", "0.0.0.0"] });
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("PGTIDE_PASSWORD");
  });

  test.skipIf(process.getuid?.() !== 0)("a folder it cannot write is refused", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pgtide-closed-"));
    chmodSync(folder, 0o555);
    chownSync(folder, 0, 0);
    const args = ["--reuid=65534", "--regid=65534", "--clear-groups", process.execPath, main];
    const { status, stderr } = await run("setpriv", [...args, "--port", "0", "--data", folder]);
    expect(status).toBe(1);
    expect(stderr).toContain(folder);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    rmSync(folder, { recursive: true });
  });
});

describe("stopping", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("%s ends it with exit code 0", async (signal) => {
    const data = mkdtempSync(join(tmpdir(), "pgtide-stop-"));
    const child = spawn(process.execPath, [main, "--port", "0", "--data", data], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    await once(child.stdout, "data");
    child.kill(signal);
    const [code] = (await once(child, "exit")) as [number | null];
    expect(code).toBe(0);
    rmSync(data, { recursive: true, force: true });
  });

  test("a statement under way may end, a new connection is refused", async () => {
    const server = await TestServer.start();
    const client = await connect(server.port);
    client.on("error", () => undefined); // it is told that the server goes
    const rows = client.query(new pg.Query("SELECT n FROM generate_series(1, 1000000) AS n"));
    let stopped: Promise<number> | undefined;
    let count = 0;
    rows.on("row", () => {
      count += 1;
      stopped ??= server.stop(); // at the first row: the rest is still under way
    });
    await new Promise((resolve, reject) => rows.on("end", resolve).on("error", reject));
    expect(count).toBe(1_000_000);
    expect(await stopped).toBe(0);
    await expect(connect(server.port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await server.dispose();
  });
});

/** Lines for the operator: what is not a log line. */
function clearLines(refused: StartError): readonly string[] {
  return refused.stderr.split("\n").filter((line) => line !== "" && !line.startsWith("{"));
}
