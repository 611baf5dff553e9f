/** The reference library behind a pipe; absent when PGTIDE_TEST_VENV names no Python. */

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { python } from "./programs.ts";
import { root } from "./root.ts";

/** Writers of Parquet that `write` knows; all write the same rows. */
export const WRITERS = [
  "pyarrow",
  "pyarrow, dictionary, small row groups",
  "pyarrow, milliseconds, version 1.0",
  "DuckDB",
  "Polars",
  "Polars, nanoseconds",
] as const;

export interface FileOfOneHour {
  readonly writer: (typeof WRITERS)[number];
  readonly path: string;
  /** Hours since 2026-01-01 00:00. */
  readonly hour: number;
  readonly hosts: readonly string[];
}

/** Failures of the library are errors that begin with the name of its class. */
export class Reference {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess, lines: AsyncIterator<string>) {
    this.#child = child;
    this.#lines = lines;
  }

  static start(): Reference | undefined {
    if (python === undefined) return undefined;
    const script = join(root, "test/support/python-peer.py");
    const child = spawn(python, ["-u", script], { stdio: ["pipe", "pipe", "inherit"] });
    return new Reference(child, createInterface({ input: child.stdout })[Symbol.asyncIterator]());
  }

  async create(folder: string, entities: readonly string[], bucket: string): Promise<void> {
    await this.#ask("create", { root: folder, entities, bucket });
  }

  /** Sees what others have committed; the version. */
  open(folder: string): Promise<number> {
    return this.#ask("open", { root: folder });
  }

  /** Milliseconds of each file's append. */
  append(folder: string, files: readonly string[]): Promise<readonly number[]> {
    return this.#ask("append", { root: folder, files });
  }

  /** The version it made. */
  optimize(folder: string): Promise<number> {
    return this.#ask("optimize", { root: folder });
  }

  /** Rows of a query over the table `t`, times as ISO text. */
  sql(folder: string, sql: string): Promise<readonly (readonly unknown[])[]> {
    return this.#ask("sql", { root: folder, sql });
  }

  async forget(folder: string): Promise<void> {
    await this.#ask("forget", { root: folder });
  }

  /** Writes DuckDB's files again as pyarrow does: the library refuses strings without LogicalType. */
  async rewrite(files: readonly string[]): Promise<void> {
    await this.#ask("rewrite", { files });
  }

  /** How many rows the file has. */
  write(file: FileOfOneHour): Promise<number> {
    return this.#ask("write", { ...file });
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }

  async #ask<T>(op: string, request: Readonly<Record<string, unknown>>): Promise<T> {
    this.#child.stdin?.write(`${JSON.stringify({ op, ...request })}\n`);
    const line = await this.#lines.next();
    if (line.done === true) throw new Error("the reference library's process has ended");
    const answered = JSON.parse(line.value) as { readonly answer: T; readonly error?: string };
    if (answered.error !== undefined) throw new Error(answered.error);
    return answered.answer;
  }
}
