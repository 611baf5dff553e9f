/** A transaction's changes of ordinary tables, made at its first one and found again later. */

import type { Execution } from "../execution.ts";
import type { LockWait } from "../locks.ts";
import { timeoutMs } from "../prepared.ts";
import type { Transaction } from "../transaction.ts";
import { knownWork, workOf } from "../work.ts";
import { PlainWrites } from "./writes.ts";

/** undefined: the transaction has changed no ordinary table. */
export function knownWrites(transaction: Transaction): PlainWrites | undefined {
  const plain = knownWork(transaction)?.plain;
  return plain instanceof PlainWrites ? plain : undefined;
}

export async function plainWrites(execution: Execution): Promise<PlainWrites> {
  const known = knownWrites(execution.transaction);
  if (known !== undefined) return known;
  const work = await workOf(execution);
  const writes = new PlainWrites(execution.services.plain, work.owner);
  await work.addPlain(writes);
  return writes;
}

/** How long this statement waits for locks. */
export function lockWait({ signal, settings }: Execution): LockWait {
  return { signal, timeoutMs: timeoutMs(settings.get("lock_timeout") ?? "0") };
}
