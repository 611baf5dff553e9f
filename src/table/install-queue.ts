/**
 * Makes commits visible in the order of their sequences: each once its record is written and all
 * before it are visible or have failed.
 */

import { type Deferred, deferred } from "../base/async.ts";
import { assert } from "../base/errors.ts";

interface Waiting {
  readonly sequence: number;
  /** The record lies here in the log, or further on. */
  readonly floor: number;
  readonly install: (position: number) => void;
  readonly done: Deferred<void>;
  outcome: { readonly position: number } | { readonly cause: unknown } | undefined;
}

export class InstallQueue {
  #waiting: Waiting[] = [];
  #sequence: number;
  #raised = 0;
  #stopped: { readonly cause: unknown } | undefined;

  constructor(sequence: number) {
    this.#sequence = sequence;
  }

  /** Everything up to here is visible. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Below it nothing of the log is waiting to become visible. */
  get floor(): number | undefined {
    return this.#waiting[0]?.floor;
  }

  /** Sequences up to this one are taken elsewhere. */
  raise(sequence: number): void {
    this.#raised = Math.max(this.#raised, sequence);
    this.#settle();
  }

  /** Nothing becomes visible any more; all who wait, and all to come, are told why. */
  stop(cause: unknown): never {
    this.#stopped ??= { cause };
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { done } of waiting) done.reject(cause);
    throw cause;
  }

  /**
   * To be called in ascending order of the sequences. Rejects as `written` does: then nothing
   * becomes visible. `install` must not throw.
   */
  async install(
    commit: {
      readonly sequence: number;
      readonly floor: number;
      /** Resolves to the position that the log must keep. */
      readonly written: Promise<number>;
    },
    install: (position: number) => void,
  ): Promise<void> {
    const { sequence, floor, written } = commit;
    const done = deferred<void>();
    const waiting: Waiting = { sequence, floor, install, done, outcome: undefined };
    assert((this.#waiting.at(-1)?.sequence ?? 0) < sequence, "commits out of order");
    if (this.#stopped !== undefined) {
      written.catch(() => undefined);
      throw this.#stopped.cause;
    }
    this.#waiting.push(waiting);
    written.then(
      (position) => this.#settled(waiting, { position }),
      (cause: unknown) => this.#settled(waiting, { cause }),
    );
    await done.promise;
  }

  #settled(waiting: Waiting, outcome: NonNullable<Waiting["outcome"]>): void {
    waiting.outcome = outcome;
    this.#settle();
  }

  #settle(): void {
    let ready = 0;
    for (const { sequence, outcome, install, done } of this.#waiting) {
      if (outcome === undefined) break;
      ready += 1;
      if ("cause" in outcome) {
        done.reject(outcome.cause);
        continue;
      }
      install(outcome.position);
      this.#sequence = sequence;
      done.resolve();
    }
    if (ready > 0) this.#waiting = this.#waiting.slice(ready);
    if (this.#waiting.length === 0) this.#sequence = Math.max(this.#sequence, this.#raised);
  }
}
