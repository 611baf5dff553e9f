/** A transaction's changes of ordinary tables, made at its first one and found again later. */

import type { Execution } from "../execution.ts";
import { type LockWait, lockOwner } from "../locks.ts";
import { timeoutMs } from "../prepared.ts";
import type { Transaction, Work } from "../transaction.ts";
import { PlainWrites } from "./writes.ts";

/** All that a transaction of ordinary tables alone has to decide. */
export class PlainWork implements Work {
  readonly writes: PlainWrites;
  readonly #end: () => void;

  constructor(writes: PlainWrites, end: () => void) {
    this.writes = writes;
    this.#end = end;
  }

  mark(): void {
    this.writes.mark();
  }

  async rollbackTo(index: number): Promise<void> {
    await this.writes.rollbackTo(index);
  }

  release(index: number): void {
    this.writes.release(index);
  }

  async commit(): Promise<void> {
    try {
      await this.writes.commit();
    } finally {
      await this.rollback();
    }
  }

  async rollback(): Promise<void> {
    try {
      await this.writes.discard();
    } finally {
      this.#end();
    }
  }
}

/** undefined: the transaction has changed no ordinary table. */
export function knownWrites(transaction: Transaction): PlainWrites | undefined {
  return transaction.work instanceof PlainWork ? transaction.work.writes : undefined;
}

export async function plainWrites(execution: Execution): Promise<PlainWrites> {
  const { transaction, services, processId } = execution;
  const known = knownWrites(transaction);
  if (known !== undefined) return known;
  const owner = lockOwner(transaction, processId);
  const writes = new PlainWrites(services.plain, owner);
  await transaction.begin(new PlainWork(writes, () => services.locks.releaseAll(owner)));
  return writes;
}

/** How long this statement waits for locks. */
export function lockWait({ signal, settings }: Execution): LockWait {
  return { signal, timeoutMs: timeoutMs(settings.get("lock_timeout") ?? "0") };
}
