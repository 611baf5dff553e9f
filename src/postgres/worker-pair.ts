/**
 * A worker, and a second one for when the first is long at one request: so that nobody's statement
 * stops everybody's. The second has the same definitions and ends when it is not needed any more.
 */

import { after, deferred } from "../base/async.ts";
import { SqlError } from "../base/errors.ts";
import type { Call, ShadowWorker } from "./shadow-worker.ts";

/** How long a request waits for the first worker. */
const PATIENCE_MS = 150;
const IDLE_MS = 60_000;

const takenByOther = new SqlError("57014", "the other worker is at it");

export class WorkerPair {
  readonly first: ShadowWorker;
  readonly second: ShadowWorker;
  #idle: { cancel(): void } | undefined;

  constructor(first: ShadowWorker, second: ShadowWorker) {
    this.first = first;
    this.second = second;
  }

  /**
   * As a worker's `use`, for what either of them can answer. Who has waited long for the first waits
   * for both, and is answered by the one that is free before: the second may have to start.
   */
  async use<T>(task: (call: Call) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.first.isIdle) return await this.first.use(task, signal);
    const answer = deferred<T>();
    const stops = { first: new AbortController(), second: new AbortController() };
    let begun: keyof typeof stops | undefined;
    let waiting = 0;
    const wait = async (at: keyof typeof stops) => {
      const begin = async (call: Call) => {
        if (begun !== undefined) throw takenByOther; // while this one was started
        begun = at;
        stops[at === "first" ? "second" : "first"].abort(takenByOther);
        return await task(call);
      };
      waiting += 1;
      try {
        const use = at === "first" ? this.first.use.bind(this.first) : this.#useSecond.bind(this);
        answer.resolve(await use(begin, stops[at].signal));
      } catch (cause) {
        waiting -= 1;
        if (begun === at || waiting === 0) answer.reject(cause);
      }
    };
    const patience = after(PATIENCE_MS, () => {
      if (begun === undefined) void wait("second");
    });
    const follow = () => {
      for (const stop of Object.values(stops)) stop.abort(signal?.reason);
    };
    if (signal?.aborted === true) follow();
    signal?.addEventListener("abort", follow, { once: true });
    void wait("first");
    try {
      return await answer.promise;
    } finally {
      patience.cancel();
      signal?.removeEventListener("abort", follow);
    }
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
