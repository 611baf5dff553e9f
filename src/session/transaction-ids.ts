/**
 * Numbers of transactions, as txid_current() and pg_stat_activity tell them: given when somebody
 * asks, to transactions that have changed something, kept to their end.
 */

import type { Transaction } from "./transaction.ts";

/** Later starts give higher numbers, as long as fewer than ten a second are asked for. */
const NUMBERED_FROM_MS = Date.UTC(2026, 0, 1);
const MS_PER_NUMBER = 100;

export class TransactionIds {
  #next = 1000 + Math.floor((Date.now() - NUMBERED_FROM_MS) / MS_PER_NUMBER);
  readonly #open = new Map<Transaction, number>();

  of(transaction: Transaction): number {
    const known = this.#open.get(transaction);
    if (known !== undefined) return known;
    const id = this.#next;
    this.#next += 1;
    this.#open.set(transaction, id);
    transaction.hold({
      release: () => {
        this.#open.delete(transaction);
        return Promise.resolve();
      },
    });
    return id;
  }

  /** undefined: it has changed nothing, and nobody has asked for its number. */
  known(transaction: Transaction): number | undefined {
    if (!transaction.isStarted) return undefined;
    const hasChanged = transaction.work !== undefined || transaction.definitions !== undefined;
    return hasChanged ? this.of(transaction) : this.#open.get(transaction);
  }

  /** In PostgreSQL's form, `xmin:xmax:xip`; the transaction itself is not in its list. */
  snapshot(transaction: Transaction): string {
    const open = [...this.#open.values()].toSorted((a, b) => a - b);
    const others = open.filter((id) => id !== this.#open.get(transaction));
    return `${open[0] ?? this.#next}:${this.#next}:${others.join(",")}`;
  }
}
