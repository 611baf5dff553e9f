/** Which relations a transaction has locked, in PostgreSQL terms: asked to, or by changing rows. */

import type { Transaction } from "./transaction.ts";
import { knownWork } from "./work.ts";

/** By LOCK TABLE, which nobody but pg_locks asks for again. */
const ASKED = new WeakMap<Transaction, Map<number, string>>();

/** `mode`: from 1, as PostgreSQL numbers them. */
export function noteTableLock(transaction: Transaction, oid: number, mode: number): void {
  let locks = ASKED.get(transaction);
  if (locks === undefined) {
    locks = new Map();
    ASKED.set(transaction, locks);
    transaction.hold({
      release: () => {
        ASKED.delete(transaction);
        return Promise.resolve();
      },
    });
  }
  locks.set(oid, MODES[mode - 1] ?? "AccessExclusiveLock");
}

/** The strongest of each relation, by OID. */
export function relationLocks(transaction: Transaction): ReadonlyMap<number, string> {
  const changed = knownWork(transaction)?.changedOids ?? [];
  const all = new Map(changed.map((oid) => [oid, "RowExclusiveLock"]));
  for (const [oid, mode] of ASKED.get(transaction) ?? []) {
    const before = all.get(oid);
    if (before === undefined || MODES.indexOf(mode) > MODES.indexOf(before)) all.set(oid, mode);
  }
  return all;
}

const MODES: readonly string[] = [
  "AccessShareLock",
  "RowShareLock",
  "RowExclusiveLock",
  "ShareUpdateExclusiveLock",
  "ShareLock",
  "ShareRowExclusiveLock",
  "ExclusiveLock",
  "AccessExclusiveLock",
];
