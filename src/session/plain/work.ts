/** A transaction's changes of ordinary tables, made at its first one and found again later. */

import { SqlError } from "../../base/errors.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
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

/**
 * Before rows of `relation` change. The writer that was waited for may have defined it anew, which
 * this statement was not prepared for. @throws SqlError 40001, 40P01, 55P03
 */
export async function lockRows(
  relation: ShadowRelation,
  writes: PlainWrites,
  execution: Execution,
): Promise<void> {
  await writes.lock(relation, lockWait(execution));
  if (execution.services.shadow.relations().get(relation.oid) === relation) return;
  throw new SqlError("40001", `table "${relation.name}" was defined anew meanwhile`, {
    hint: "Send the statement again.",
  });
}

/** How long this statement waits for locks. */
export function lockWait({ signal, settings }: Execution): LockWait {
  return { signal, timeoutMs: timeoutMs(settings.get("lock_timeout") ?? "0") };
}
