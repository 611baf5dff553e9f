/** The reference library in a Python process of its own, behind a pipe; see ../interop/reference.py. */

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { python } from "./programs.ts";

/** Why it cannot be asked, undefined when it can. */
export const REFERENCE_MISSING =
  python === undefined ? "set PGTIDE_TEST_VENV to run these" : undefined;

interface Refusal {
  readonly error: string;
  readonly message: string;
  readonly count: number | null;
  readonly entity: Readonly<Record<string, unknown>> | null;
}

/** An exception of the library. */
export class RefusedByReference extends Error {
  override readonly name = "RefusedByReference";
  /** The exception's class. */
  readonly kind: string;
  /** Of a CoverageOverlapError: how many buckets, and one of the entities. */
  readonly count: number | null;
  readonly entity: Readonly<Record<string, unknown>> | null;

  constructor(refusal: Refusal) {
    super(`${refusal.error}: ${refusal.message}`);
    this.kind = refusal.error;
    this.count = refusal.count;
    this.entity = refusal.entity;
  }
}

export class Reference {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor() {
    const script = fileURLToPath(new URL("../interop/reference.py", import.meta.url));
    const child = spawn(python ?? "python3", ["-u", script], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** Calls a function of the script, one at a time. @throws RefusedByReference */
  async call<T>(name: string, args: Readonly<Record<string, unknown>>): Promise<T> {
    this.#child.stdin?.write(`${JSON.stringify({ call: name, args })}\n`);
    const line = await this.#lines.next();
    if (line.done === true) throw new Error("the reference library's process has ended");
    const answer = JSON.parse(line.value) as { readonly value: T } | Refusal;
    if ("error" in answer) throw new RefusedByReference(answer);
    return answer.value;
  }

  close(): void {
    this.#child.kill();
  }
}
