/**
 * SELECT ... FOR UPDATE and FOR SHARE, LOCK TABLE: nobody else changes ordinary tables meanwhile.
 */

import { SqlError } from "../../base/errors.ts";
import type { RowLocks } from "../../compile/plan.ts";
import type { Execution } from "../execution.ts";
import { lockOwner } from "../locks.ts";
import { relationOf } from "./relation.ts";
import { lockWait, plainWrites } from "./work.ts";

/**
 * Kept to the end of the transaction. Whatever is read after it is the newest.
 * @throws SqlError 25006, 40001, 40P01, 55P03
 */
export async function lockRows(
  { relationOids, isPatient }: RowLocks,
  execution: Execution,
): Promise<void> {
  const { transaction, services, processId } = execution;
  if (transaction.isReadOnly) {
    const message = "cannot execute SELECT FOR UPDATE in a read-only transaction";
    throw new SqlError("25006", message);
  }
  const writes = await plainWrites(execution);
  for (const oid of relationOids) {
    const relation = relationOf(oid, execution);
    if (relation.relkind === "m") {
      throw new SqlError("42809", `cannot lock rows in materialized view "${relation.name}"`);
    }
    if (!isPatient && !services.plain.tryLock(lockOwner(transaction, processId))) {
      throw new SqlError("55P03", `could not obtain lock on row in relation "${relation.name}"`);
    }
    await writes.lock(relation, lockWait(execution));
  }
}
