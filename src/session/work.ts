/**
 * What one transaction has changed of time-series tables and ordinary tables: found again by its
 * later statements, undone to savepoints, and committed as a whole.
 */

import { SqlError } from "../base/errors.ts";
import type { NewEntry } from "../catalog/entry.ts";
import type { RunStatement } from "../engine/request.ts";
import { StorageError } from "../storage/error.ts";
import { PendingItems, type PendingMark } from "../table/pending-items.ts";
import { commitAll } from "./commit.ts";
import type { Execution } from "./execution.ts";
import { noticesOf } from "./item-notices.ts";
import { type LockOwner, lockOwner } from "./locks.ts";
import type { Participant } from "./participant.ts";
import { refuseMoved } from "./serializable.ts";
import type { Services } from "./services.ts";
import type { Settings } from "./settings.ts";
import type { Transaction } from "./transaction.ts";
import type { Work } from "./transaction-parts.ts";

/** Changes of ordinary tables' rows and of the tables themselves. */
export interface PlainPart extends Participant {
  readonly isEmpty: boolean;
  /** Some of it must survive a crash: not only temporary tables. */
  readonly isDurable: boolean;
  /** One DuckDB transaction, with `more` in it. */
  commit(more: readonly RunStatement[]): Promise<void>;
  /** After the end, whatever it was. */
  discard(): Promise<void>;
}

export type WorkOutcome = "committed" | "rolled back" | "unknown";

export class TransactionWork implements Work {
  /** Its locks are held to the end. */
  readonly owner: LockOwner;
  readonly #services: Services;
  readonly #settings: Settings;
  readonly #transaction: Transaction;
  readonly #items = new PendingItems();
  readonly #marks: PendingMark[] = [];
  readonly #parts: Participant[] = [];
  readonly #endings: ((outcome: WorkOutcome) => void)[] = [];
  #plain: PlainPart | undefined;
  #isOver = false;
  #signal: AbortSignal | undefined;

  constructor({ services, settings, transaction, processId }: Execution) {
    this.#services = services;
    this.#settings = settings;
    this.#transaction = transaction;
    this.owner = lockOwner(transaction, processId);
  }

  /** Changes of time-series tables. */
  get items(): PendingItems {
    return this.#items;
  }

  get plain(): PlainPart | undefined {
    return this.#plain;
  }

  async addPlain(part: PlainPart): Promise<void> {
    this.#plain = part;
    await this.join(part);
  }

  /** Of the statement that uses it now; what a commit waits for can be cancelled by it. */
  useSignal(signal: AbortSignal): void {
    this.#signal = signal;
  }

  /** Called once when the transaction is over, before its locks are released. */
  atEnd(act: (outcome: WorkOutcome) => void): void {
    this.#endings.push(act);
  }

  async join(part: Participant): Promise<void> {
    for (let i = 0; i < this.#marks.length; i += 1) await part.mark();
    this.#parts.push(part);
  }

  async mark(): Promise<void> {
    this.#marks.push(this.#items.mark());
    for (const part of this.#parts) await part.mark();
  }

  async rollbackTo(index: number): Promise<void> {
    const mark = this.#marks[index];
    if (mark !== undefined) this.#items.rollbackTo(mark);
    this.#marks.length = index + 1;
    for (const part of this.#parts) await part.rollbackTo(index);
  }

  async release(index: number): Promise<void> {
    this.#marks.length = index;
    for (const part of this.#parts) await part.release(index);
  }

  /** What the transaction has defined is decided with it. */
  async commit(entry?: NewEntry): Promise<void> {
    if (this.#isOver) return;
    const items = this.#items.items();
    const plain = this.#plain?.isEmpty === false ? this.#plain : undefined;
    try {
      const tell = await noticesOf(items, this.#services, this.owner.processId);
      await commitAll({ entry, items, plain }, this.#services, {
        isSynced: this.#settings.get("synchronous_commit") !== "off",
        delayMicros: Number(this.#settings.get("commit_delay") ?? 0),
        signal: this.#signal,
        check: () => refuseMoved(this.#transaction, this.#services),
      });
      tell?.();
    } catch (cause) {
      await this.#end(isOutcomeUnknown(cause) ? "unknown" : "rolled back");
      throw cause;
    }
    await this.#end("committed");
  }

  async rollback(): Promise<void> {
    if (!this.#isOver) await this.#end("rolled back");
  }

  async #end(outcome: WorkOutcome): Promise<void> {
    this.#isOver = true;
    for (const act of this.#endings) act(outcome);
    try {
      await this.#plain?.discard();
      // Somebody may have to read the files of what nobody knows.
      if (outcome !== "unknown") await this.#items.discard(outcome === "committed");
    } finally {
      this.#services.locks.releaseAll(this.owner);
    }
  }
}

function isOutcomeUnknown(cause: unknown): boolean {
  if (cause instanceof StorageError) return cause.reason === "outcome-unknown";
  return cause instanceof SqlError && cause.fields.sqlState === "40003";
}

/** undefined: the transaction has changed nothing. */
export function knownWork(transaction: Transaction): TransactionWork | undefined {
  return transaction.work instanceof TransactionWork ? transaction.work : undefined;
}

/** For a statement that changes something. */
export async function workOf(execution: Execution): Promise<TransactionWork> {
  const { transaction, signal } = execution;
  let work = knownWork(transaction);
  if (work === undefined) {
    work = new TransactionWork(execution);
    await transaction.begin(work);
  }
  work.useSignal(signal);
  return work;
}
