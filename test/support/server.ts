/**
 * A pgtide server as its users run it: a child process on a free port and a folder of its own, that
 * can be stopped, killed and started again on the same folder.
 */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { after } from "../../src/base/async.ts";
import { root } from "./root.ts";

export interface ServerOptions {
  /** Default: a fresh folder, deleted by `dispose`. */
  readonly data?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the checkout, so that paths in statements are those of the README. */
  readonly cwd?: string;
  readonly startMsMax?: number;
  /** Default: `dist/main.js` of this checkout. */
  readonly mainFile?: string;
}

export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** Everything a start that failed had to say. */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly exitCode: number | null;
  readonly stderr: string;

  constructor(exitCode: number | null, stderr: string) {
    super(`pgtide did not start (exit code ${exitCode}): ${stderr}`);
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

export class TestServer {
  readonly data: string;
  readonly #options: ServerOptions;
  readonly #isOwnFolder: boolean;
  #child: Child | undefined;
  #exited: Promise<unknown> = Promise.resolve();
  #port = 0;
  #stderr = "";

  private constructor(options: ServerOptions) {
    this.#options = options;
    this.#isOwnFolder = options.data === undefined;
    this.data = options.data ?? mkdtempSync(join(tmpdir(), "pgtide-data-"));
  }

  static async start(options: ServerOptions = {}): Promise<TestServer> {
    const server = new TestServer(options);
    try {
      await server.start();
    } catch (error) {
      await server.dispose();
      throw error;
    }
    return server;
  }

  get port(): number {
    return this.#port;
  }

  get pid(): number {
    return this.#running().pid ?? 0;
  }

  /** What it wrote on stderr since the folder was first opened. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Lines of stderr that are log lines; anything else there is a finding: see `stderr`. */
  get logs(): readonly LogLine[] {
    return this.#stderr
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as LogLine);
  }

  /** Starts it (again) on its folder; the port is another each time. */
  async start(): Promise<void> {
    const main = this.#options.mainFile ?? join(root, "dist/main.js");
    const fixed = [main, "--port", "0", "--data", this.data];
    const child = spawn(process.execPath, [...fixed, ...(this.#options.args ?? [])], {
      cwd: this.#options.cwd ?? root,
      env: { UV_THREADPOOL_SIZE: "32", ...process.env, ...this.#options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const before = this.#stderr.length;
    child.stderr.on("data", (bytes: Buffer) => {
      this.#stderr += bytes.toString();
    });
    this.#child = child;
    this.#exited = once(child, "close");
    const deadline = after(this.#options.startMsMax ?? 60_000, () => child.kill("SIGKILL"));
    const stdout = await firstLine(child.stdout);
    deadline.cancel();
    const listening = /^pgtide listening on \S+?:(\d+)\n/.exec(stdout);
    if (listening === null) {
      child.kill("SIGKILL");
      await this.#exited;
      throw new StartError(child.exitCode, `${stdout}${this.#stderr.slice(before)}`);
    }
    this.#port = Number(listening[1]);
  }

  /** SIGTERM, then its exit code; -1 when it had to be killed after 20 s. */
  async stop(): Promise<number> {
    const child = this.#running();
    child.kill("SIGTERM");
    const deadline = after(20_000, () => child.kill("SIGKILL"));
    await this.#exited;
    deadline.cancel();
    this.#child = undefined;
    return child.exitCode ?? -1;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const child = this.#running();
    child.kill("SIGKILL");
    await this.#exited;
    this.#child = undefined;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Ends it if it runs and deletes the folder if it is ours. */
  async dispose(): Promise<void> {
    if (this.#child !== undefined && this.#child.exitCode === null) await this.kill();
    if (this.#isOwnFolder) rmSync(this.data, { recursive: true, force: true });
  }

  #running(): Child {
    if (this.#child === undefined) throw new Error("pgtide is not running");
    return this.#child;
  }
}

/** All text up to the first end of line, or to the end; later output is read and dropped. */
function firstLine(stream: Readable): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    stream.on("data", (bytes: Buffer) => {
      text += bytes.toString();
      if (text.includes("\n")) resolve(text);
    });
    stream.on("end", () => resolve(text));
  });
}
