/**
 * Work of a session outside of an execution: what stops it, and what its errors do. An error fails
 * the transaction and is put in the client's terms.
 */

import type { Awaitable } from "../base/async.ts";
import type { StatementText } from "../compile/split.ts";
import { shifted, timeoutMs } from "./prepared.ts";
import type { Settings } from "./settings.ts";
import { reportable } from "./sqlstate.ts";
import type { StatementSignal } from "./statement-signal.ts";
import type { Transaction } from "./transaction.ts";

export class Guard {
  readonly #signal: StatementSignal;
  readonly #settings: Settings;
  readonly #transaction: Transaction;

  constructor(signal: StatementSignal, settings: Settings, transaction: Transaction) {
    this.#signal = signal;
    this.#settings = settings;
    this.#transaction = transaction;
  }

  /** What `work` gives, at once where it does. Errors always come by a promise. */
  run<T>(work: () => Awaitable<T>, statement?: StatementText): Awaitable<T> {
    const isAlone = !this.#signal.isRunning;
    if (isAlone) this.#signal.begin(timeoutMs(this.#settings.get("statement_timeout") ?? "0"));
    let result: Awaitable<T>;
    try {
      result = work();
    } catch (cause) {
      result = Promise.reject(cause);
    }
    if (result instanceof Promise) return this.#settled(result, isAlone, statement);
    if (isAlone) this.#signal.end();
    return result;
  }

  async #settled<T>(
    work: Promise<T>,
    isAlone: boolean,
    statement: StatementText | undefined,
  ): Promise<T> {
    try {
      return await work;
    } catch (cause) {
      const { reason } = this.#signal;
      await this.#transaction.fail();
      throw shifted(reportable(cause, isAlone ? reason : undefined), statement);
    } finally {
      if (isAlone) this.#signal.end();
    }
  }
}
