/**
 * A worker, and a second one for when the first is long at one request: so that nobody's statement
 * stops everybody's. The second has the same definitions and ends when it is not needed any more.
 */

import { after } from "../base/async.ts";
import { SqlError } from "../base/errors.ts";
import type { Call, ShadowWorker } from "./shadow-worker.ts";

/** How long a request waits for the first worker. */
const PATIENCE_MS = 150;
const IDLE_MS = 60_000;

export class WorkerPair {
  readonly first: ShadowWorker;
  readonly second: ShadowWorker;
  #idle: { cancel(): void } | undefined;

  constructor(first: ShadowWorker, second: ShadowWorker) {
    this.first = first;
    this.second = second;
  }

  /** As a worker's `use`, for what either of them can answer. */
  async use<T>(task: (call: Call) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.first.isIdle) return await this.first.use(task, signal);
    const stop = new AbortController();
    const impatient = new SqlError("57014", "the first worker is busy");
    let hasBegun = false;
    const patience = after(PATIENCE_MS, () => {
      if (!hasBegun) stop.abort(impatient);
    });
    const follow = () => stop.abort(signal?.reason);
    if (signal?.aborted === true) follow();
    signal?.addEventListener("abort", follow, { once: true });
    const begin = async (call: Call) => {
      hasBegun = true;
      return await task(call);
    };
    try {
      return await this.first.use(begin, stop.signal);
    } catch (cause) {
      if (cause !== impatient) throw cause;
    } finally {
      patience.cancel();
      signal?.removeEventListener("abort", follow);
    }
    return await this.#useSecond(task, signal);
  }

  async close(): Promise<void> {
    this.#idle?.cancel();
    await Promise.all([this.first.close(), this.second.close()]);
  }

  async #useSecond<T>(task: (call: Call) => Promise<T>, signal?: AbortSignal): Promise<T> {
    this.#idle?.cancel();
    try {
      return await this.second.use(task, signal);
    } finally {
      this.#idle?.cancel();
      this.#idle = after(IDLE_MS, () => {
        if (this.second.isIdle) void this.second.discard();
      });
    }
  }
}
