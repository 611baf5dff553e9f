/** What SERIALIZABLE asks for beyond REPEATABLE READ. */

import { SqlError } from "../base/errors.ts";
import type { Services } from "./services.ts";
import type { Transaction } from "./transaction.ts";

/**
 * Of a SERIALIZABLE transaction that writes: what it has read must still be so.
 * @throws SqlError 40001
 */
export function refuseMoved(transaction: Transaction, services: Pick<Services, "intake">): void {
  const { world } = transaction;
  if (transaction.isolation !== "serializable" || world === undefined) return;
  const hasMoved = transaction.tablesRead.some(
    (oid) =>
      world.has(oid) && (!services.intake.has(oid) || world.hasMoved(services.intake.table(oid))),
  );
  if (!hasMoved) return;
  throw new SqlError(
    "40001",
    "could not serialize access due to read/write dependencies among transactions",
    { hint: "The transaction might succeed if retried." },
  );
}
