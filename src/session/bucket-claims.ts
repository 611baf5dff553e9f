/** Buckets that a transaction claims, and waiting for others that have claimed some of them. */

import type { Claimant } from "../table/claimed-buckets.ts";
import { ReservedError } from "../table/error.ts";
import type { Execution } from "./execution.ts";
import type { LockTarget } from "./locks.ts";
import { lockWait } from "./plain/work.ts";
import type { TstableEntry } from "./tables.ts";
import { type TransactionWork, workOf } from "./work.ts";

/** What others wait on for the end of a transaction that has claimed buckets. */
const targets = new WeakMap<TransactionWork, LockTarget>();
let claimants = 0;

export async function claimantOf(execution: Execution): Promise<Claimant> {
  const work = await workOf(execution);
  let target = targets.get(work);
  if (target === undefined) {
    claimants += 1;
    target = { key: `buckets ${claimants}`, title: `transaction ${claimants}` };
    targets.set(work, target);
    execution.services.locks.tryAcquire(work.owner, target, "exclusive");
  }
  return { own: work.items, key: target.key };
}

/**
 * Does `act` when nobody else has claimed the buckets that it claims.
 * @throws SqlError 40P01, 55P03
 */
export async function whenFree<T>(
  { info }: TstableEntry,
  execution: Execution,
  act: () => T | Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (cause) {
      if (!(cause instanceof ReservedError)) throw cause;
      const { owner } = await workOf(execution);
      const target = { key: cause.key, title: `relation "${info.name}"` };
      await execution.services.locks.acquire(owner, target, "shared", lockWait(execution));
    }
  }
}
