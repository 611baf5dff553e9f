/** The reference library behind a pipe; absent when PGTIDE_TEST_VENV names no Python. */

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { python } from "../support/programs.ts";
import { root } from "../support/root.ts";

type Request =
  | {
      readonly op: "create";
      readonly root: string;
      readonly entities: readonly string[];
      readonly bucket: string;
    }
  | { readonly op: "append"; readonly root: string; readonly files: readonly string[] }
  | { readonly op: "rewrite"; readonly files: readonly string[] }
  | { readonly op: "forget"; readonly root: string };

export class Reference {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess, lines: AsyncIterator<string>) {
    this.#child = child;
    this.#lines = lines;
  }

  static start(): Reference | undefined {
    if (python === undefined) return undefined;
    const script = join(root, "test/bench/reference.py");
    const child = spawn(python, ["-u", script], { stdio: ["pipe", "pipe", "inherit"] });
    return new Reference(child, createInterface({ input: child.stdout })[Symbol.asyncIterator]());
  }

  async create(folder: string, entities: readonly string[], bucket: string): Promise<void> {
    await this.#ask({ op: "create", root: folder, entities, bucket });
  }

  /** Milliseconds of each file's append. */
  append(folder: string, files: readonly string[]): Promise<readonly number[]> {
    return this.#ask({ op: "append", root: folder, files });
  }

  async forget(folder: string): Promise<void> {
    await this.#ask({ op: "forget", root: folder });
  }

  /** Writes DuckDB's files again as pyarrow does: the library refuses strings without LogicalType. */
  async rewrite(files: readonly string[]): Promise<void> {
    await this.#ask({ op: "rewrite", files });
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }

  async #ask(request: Request): Promise<readonly number[]> {
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
    const line = await this.#lines.next();
    if (line.done === true) throw new Error("the reference library's process has ended");
    const answer = JSON.parse(line.value) as { readonly ms?: number[]; readonly error?: string };
    if (answer.ms === undefined) throw new Error(`reference library: ${answer.error}`);
    return answer.ms;
  }
}
