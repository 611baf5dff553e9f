/**
 * Keys that rows of time-series tables may not repeat: what is known of them, shared by all
 * sessions, and what each transaction has reserved.
 */

import { SqlError } from "../base/errors.ts";
import { type KeyColumns, keyRowsOf, tickScaleOf } from "../table/block-keys.ts";
import type { KeyOwner } from "../table/key-reservations.ts";
import { type KeyOutcome, type KeyRequest, TableKeys } from "../table/keys.ts";
import type { RowBlock } from "../table/row-block.ts";
import type { Table } from "../table/table.ts";
import type { Execution } from "./execution.ts";
import { TableKeyReader } from "./key-reader.ts";
import type { LockOwner, LockTarget, LockWait } from "./locks.ts";
import type { Participant } from "./participant.ts";
import { timeoutMs } from "./prepared.ts";
import type { Services } from "./services.ts";
import type { TstableEntry } from "./tables.ts";
import type { WorkOutcome } from "./transaction-parts.ts";
import { type TransactionWork, workOf } from "./work.ts";

export class RowKeys {
  /** By table and columns of its key. */
  readonly #tables = new WeakMap<Table, { readonly key: string; readonly keys: TableKeys }>();
  /** Transactions that had rows of a table before they gave it a key. */
  readonly #unreserved = new WeakMap<TransactionWork, Set<number>>();
  readonly #transactions = new WeakMap<TransactionWork, TransactionKeys>();
  #transactionCount = 0;

  of(entry: TstableEntry, services: Services): TableKeys {
    const key = String(entry.rowKey?.columns);
    const known = this.#tables.get(entry.table);
    if (known?.key === key) return known.keys;
    const axis = { kind: entry.axis.kind, scale: tickScaleOf(rowKeyColumns(entry, services)) };
    const keys = new TableKeys(axis, new TableKeyReader(entry, services));
    this.#tables.set(entry.table, { key, keys });
    return keys;
  }

  /** Its key is another, and nobody has rows under way. */
  forget({ table }: TstableEntry): void {
    this.#tables.delete(table);
  }

  /** Keys of rows that the transaction has are not reserved. */
  noteUnreserved(work: TransactionWork, oid: number): void {
    const oids = this.#unreserved.get(work) ?? new Set();
    this.#unreserved.set(work, oids.add(oid));
  }

  hasUnreserved(work: TransactionWork, oid: number): boolean {
    return this.#unreserved.get(work)?.has(oid) === true;
  }

  async transaction(work: TransactionWork, { locks }: Services): Promise<TransactionKeys> {
    const known = this.#transactions.get(work);
    if (known !== undefined) return known;
    this.#transactionCount += 1;
    const made = new TransactionKeys(work, this.#transactionCount);
    this.#transactions.set(work, made);
    locks.tryAcquire(work.owner, made.target, "exclusive");
    work.atEnd((outcome) => made.end(outcome));
    await work.join(made);
    return made;
  }
}

/** What one transaction has reserved, of any table. */
export class TransactionKeys implements Participant {
  readonly owner: LockOwner;
  /** Others wait on it for the transaction's end. */
  readonly target: LockTarget;
  readonly #tables = new Set<TableKeys>();
  /** Number of the next statement at each savepoint. */
  readonly #marks: number[] = [];
  #statements = 0;

  constructor(work: TransactionWork, number: number) {
    this.owner = work.owner;
    this.target = { key: `transaction ${number}`, title: `transaction ${number}` };
  }

  async reserve(
    keys: TableKeys,
    rows: Parameters<TableKeys["reserve"]>[0],
    request: Omit<KeyRequest, "owner" | "number">,
  ): Promise<KeyOutcome> {
    this.#tables.add(keys);
    this.#statements += 1;
    return await keys.reserve(rows, { ...request, owner: this, number: this.#statements });
  }

  mark(): void {
    this.#marks.push(this.#statements + 1);
  }

  rollbackTo(index: number): void {
    const from = this.#marks[index] ?? 0;
    for (const keys of this.#tables) keys.abandoned(this, from);
    this.#marks.length = index + 1;
  }

  release(index: number): void {
    this.#marks.length = index;
  }

  end(outcome: WorkOutcome): void {
    for (const keys of this.#tables) {
      if (outcome === "committed") keys.committed(this);
      // Of an unknown one nobody may build on anything: the server stops.
      else if (outcome === "rolled back") keys.abandoned(this);
    }
  }
}

/**
 * Which rows of a block are new, reserved for the transaction; waits for others that insert them.
 */
export async function reserveKeys(
  entry: TstableEntry,
  block: RowBlock,
  policy: KeyRequest["policy"],
  execution: Execution,
): Promise<KeyOutcome> {
  const { services, signal, settings } = execution;
  const { locks, rowKeys } = services;
  const { oid, name } = entry.info;
  const work = await workOf(execution);
  const lockWait = { signal, timeoutMs: timeoutMs(settings.get("lock_timeout") ?? "0") };
  // Whoever brings whole files into the table reserves none of their keys.
  await locks.acquire(work.owner, keysTarget(oid, name), "shared", lockWait);
  requireSameRules(entry, execution);
  await entry.table.refresh();
  const mine = await rowKeys.transaction(work, services);
  const rows = keyRowsOf(block, rowKeyColumns(entry, services));
  return await mine.reserve(rowKeys.of(entry, services), rows, {
    policy,
    signal,
    own: await TableKeyReader.ofOwn(entry, services, work.items, rowKeys.hasUnreserved(work, oid)),
    wait: async (holder, released) => {
      await untilReleased(work.owner, holder, released, services, lockWait);
    },
  });
}

/**
 * Before rows go in: who gives the table a key, or takes it, waits for the transaction's end.
 * @throws SqlError 40001, 40P01, 55P03
 */
export async function shareKeys(entry: TstableEntry, execution: Execution): Promise<void> {
  const { services, signal, settings } = execution;
  const { oid, name } = entry.info;
  const work = await workOf(execution);
  const lockWait = { signal, timeoutMs: timeoutMs(settings.get("lock_timeout") ?? "0") };
  await services.locks.acquire(work.owner, keysTarget(oid, name), "shared", lockWait);
  requireSameRules(entry, execution);
}

/**
 * Once nobody can change them any more: the key and what must not be NULL are those that rows were
 * checked by. @throws SqlError 40001
 */
export function requireSameRules(entry: TstableEntry, { services }: Execution): void {
  const { info, rowKey } = entry;
  const now = services.tables.byOid(info.oid);
  if (now === undefined || now === entry) return;
  if (String(now.rowKey?.columns) !== String(rowKey?.columns)) {
    throw rulesChanged(`The key of "${info.name}" has changed`);
  }
  const required = now.info.columns.find(({ isNotNull, number }) => {
    return isNotNull && info.columns.some((one) => one.number === number && !one.isNotNull);
  });
  if (required !== undefined) {
    throw rulesChanged(`Column "${required.name}" of "${info.name}" has become NOT NULL`);
  }
}

function rulesChanged(what: string): SqlError {
  return new SqlError("40001", "could not serialize access due to concurrent update", {
    detail: `${what} since the statement began.`,
    hint: "The statement might succeed if retried.",
  });
}

/** Where the columns stand that rows may not repeat. */
export function rowKeyColumns({ info, rowKey }: TstableEntry, { intake }: Services): KeyColumns {
  return rowKey?.keys ?? intake.table(info.oid).attachment.keys;
}

/** Alone with the keys of a table, to the end of the transaction. @throws as `shareKeys`. */
export async function lockKeys(entry: TstableEntry, execution: Execution): Promise<void> {
  const { services, signal, settings } = execution;
  const { oid, name } = entry.info;
  const work = await workOf(execution);
  const lockWait = { signal, timeoutMs: timeoutMs(settings.get("lock_timeout") ?? "0") };
  await services.locks.acquire(work.owner, keysTarget(oid, name), "exclusive", lockWait);
  requireSameRules(entry, execution);
}

function keysTarget(oid: number, name: string): LockTarget {
  return { key: `keys ${oid}`, title: `keys of relation "${name}"`, relationOid: oid };
}

/** In the graph of all waits: two that wait for each other's keys are a deadlock. */
async function untilReleased(
  owner: LockOwner,
  holder: KeyOwner,
  released: Promise<void>,
  { locks }: Services,
  { signal, timeoutMs: limit }: LockWait,
): Promise<void> {
  if (!(holder instanceof TransactionKeys)) return await released;
  const stop = new AbortController();
  const wait = { signal: AbortSignal.any([signal, stop.signal]), timeoutMs: limit };
  const ended = locks.acquire(owner, holder.target, "shared", wait);
  try {
    await Promise.race([ended, released]);
  } finally {
    stop.abort();
    // When the reservation went first, nobody waits for the transaction any more.
    ended.catch(() => {});
  }
}
