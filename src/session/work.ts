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
import type { Work, WorkOutcome } from "./transaction-parts.ts";

/** Changes of ordinary tables' rows and of the tables themselves. */
export interface PlainPart extends Participant {
  readonly isEmpty: boolean;
  /** Of tables. */
  readonly changedOids: readonly number[];
  /** Some of it must survive a crash: not only temporary tables. */
  readonly isDurable: boolean;
  /** One DuckDB transaction, with `more` in it. */
  commit(more: readonly RunStatement[]): Promise<void>;
  /** After the end, whatever it was. */
  discard(): Promise<void>;
}

export class TransactionWork implements Work {
  /** Its locks are held to the end. */
  readonly owner: LockOwner;
  readonly #services: Services;
  readonly #settings: Settings;
  readonly #transaction: Transaction;
  readonly #items = new PendingItems();
  readonly #marks: PendingMark[] = [];
  readonly #parts: Participant[] = [];
  readonly #beforeCommit: (() => Promise<void>)[] = [];
  readonly #endings: ((outcome: WorkOutcome) => void)[] = [];
  readonly #moves = new Map<number, (signal: AbortSignal) => Promise<void>>();
  #plain: PlainPart | undefined;
  #isOver = false;
  #statement: Pick<Execution, "signal"> | undefined;

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

  /** OIDs of all tables whose rows it has changed. */
  get changedOids(): readonly number[] {
    return [...this.#items.tableIds, ...(this.#plain?.changedOids ?? [])];
  }

  async addPlain(part: PlainPart): Promise<void> {
    this.#plain = part;
    await this.join(part);
  }

  /** The statement that uses it now; what a commit waits for can be cancelled with it. */
  usedBy(statement: Pick<Execution, "signal">): void {
    this.#statement = statement;
  }

  /** What to do when rows of a table that the transaction's rows hide may be in segments now. */
  onMoved(tableId: number, act: (signal: AbortSignal) => Promise<void>): void {
    this.#moves.set(tableId, act);
  }

  /** `isAll`: nothing that is hot may be hidden afterwards. */
  async followMoves(tableIds: readonly number[], isAll = false): Promise<void> {
    for (const tableId of this.#items.replacing(isAll)) {
      if (!tableIds.includes(tableId)) continue;
      await this.#moves.get(tableId)?.(this.#statement?.signal ?? new AbortController().signal);
    }
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

  /** To be done when the transaction is to be committed; it may still fail. */
  beforeCommit(act: () => Promise<void>): void {
    this.#beforeCommit.push(act);
  }

  async prepareCommit(): Promise<void> {
    for (const act of this.#beforeCommit) await act();
  }

  /** What the transaction has defined is decided with it. */
  async commit(entry?: NewEntry): Promise<void> {
    if (this.#isOver) return;
    const plain = this.#plain?.isEmpty === false ? this.#plain : undefined;
    // A decision that takes longer than one record leaves a flush time to come between.
    const isMixed = entry !== undefined || plain !== undefined;
    try {
      for (;;) {
        await this.followMoves(this.#items.tableIds, isMixed);
        if (await this.#tryCommit(entry, plain)) break;
      }
    } catch (cause) {
      await this.#end(isOutcomeUnknown(cause) ? "unknown" : "rolled back");
      throw cause;
    }
    await this.#end("committed");
  }

  /** @returns false when hidden rows have moved meanwhile; nothing has happened then */
  async #tryCommit(entry: NewEntry | undefined, plain: PlainPart | undefined): Promise<boolean> {
    const items = this.#items.items();
    const statement = this.#statement;
    try {
      const tell = await noticesOf(items, this.#services, this.owner.processId);
      await commitAll({ entry, items, plain }, this.#services, {
        isSynced: this.#settings.get("synchronous_commit") !== "off",
        delayMicros: Number(this.#settings.get("commit_delay") ?? 0),
        // Made when somebody asks: few commits wait.
        get signal() {
          return statement?.signal;
        },
        beforeSequence: () => {
          refuseMoved(this.#transaction, this.#services);
          if (this.#items.replacing(false).length > 0) throw new HiddenRowsMoved();
        },
      });
      tell?.();
      return true;
    } catch (cause) {
      if (cause instanceof HiddenRowsMoved) return false;
      throw cause;
    }
  }

  async rollback(): Promise<void> {
    if (!this.#isOver) await this.#end("rolled back");
  }

  async #end(outcome: WorkOutcome): Promise<void> {
    this.#isOver = true;
    try {
      for (const act of this.#endings) act(outcome);
      await this.#plain?.discard();
      // Somebody may have to read the files of what nobody knows.
      if (outcome !== "unknown") await this.#items.discard(outcome === "committed");
    } finally {
      this.#services.locks.releaseAll(this.owner);
    }
  }
}

class HiddenRowsMoved extends Error {}

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
  const { transaction } = execution;
  let work = knownWork(transaction);
  if (work === undefined) {
    work = new TransactionWork(execution);
    await transaction.begin(work);
  }
  work.usedBy(execution);
  return work;
}
