/** Rows of pg_locks: what transactions hold and wait for, in PostgreSQL's terms. */

import { DATABASE_OID } from "../postgres/role.ts";
import type { HeldLock, LockMode } from "./locks.ts";

/** What one session's transaction holds without anybody having to wait for it. */
export interface TransactionLocks {
  readonly pid: number;
  /** undefined: it has changed nothing. */
  readonly transactionId: number | undefined;
  /** By relation OID, PostgreSQL's mode. */
  readonly relations: ReadonlyMap<number, string>;
}

interface Row {
  readonly locktype: string;
  readonly pid: number;
  readonly mode: string;
  readonly granted: boolean;
  readonly fastpath: boolean;
  readonly [column: string]: string | number | boolean | undefined;
}

const ADVISORY = /^advisory lock \[(\d+),(\d+),(\d+),(\d+)\]$/;
/** The low half of a number, as a 32-bit xid. */
const XID = 2 ** 32;

export function lockRows(
  held: readonly HeldLock[],
  transactions: readonly TransactionLocks[],
): readonly object[] {
  const byPid = new Map(transactions.map((one) => [one.pid, one]));
  const rows = transactions.flatMap((one) => ownRows(one));
  for (const lock of held) {
    const row = lockRow(lock, byPid);
    if (row !== undefined) rows.push(row);
  }
  return rows;
}

function ownRows({ pid, transactionId, relations }: TransactionLocks): Row[] {
  const base = { pid, granted: true, fastpath: true, virtualtransaction: virtual(pid) };
  const exclusive = { ...base, mode: "ExclusiveLock" };
  return [
    { ...exclusive, locktype: "virtualxid", virtualxid: virtual(pid) },
    ...(transactionId === undefined
      ? []
      : [{ ...exclusive, fastpath: false, ...ofTransaction(transactionId) }]),
    ...[...relations].map(([relation, mode]) => ({
      ...base,
      mode,
      locktype: "relation",
      database: DATABASE_OID,
      relation,
      fastpath: !STRONG.has(mode),
    })),
  ];
}

const STRONG: ReadonlySet<string> = new Set([
  "ShareUpdateExclusiveLock",
  "ShareLock",
  "ShareRowExclusiveLock",
  "ExclusiveLock",
  "AccessExclusiveLock",
]);

function ofTransaction(id: number): { readonly locktype: string; readonly transactionid: string } {
  return { locktype: "transactionid", transactionid: String(id % XID) };
}

/** undefined: shown already, as the lock of a transaction on itself. */
function lockRow(
  { target, pid, mode, isGranted, waitingSince, holders }: HeldLock,
  transactions: ReadonlyMap<number, TransactionLocks>,
): Row | undefined {
  const base = {
    pid,
    granted: isGranted,
    fastpath: false,
    virtualtransaction: virtual(pid),
    ...(waitingSince !== undefined && { waitstart: waitingSince }),
  };
  const shown = modeName(mode);
  const advisory = ADVISORY.exec(target.key);
  if (advisory !== null) {
    const [database, classid, objid, objsubid] = advisory.slice(1).map(Number);
    return { ...base, mode: shown, locktype: "advisory", database, classid, objid, objsubid };
  }
  if (target.relationOid !== undefined) {
    const database = DATABASE_OID;
    return { ...base, mode: shown, locktype: "relation", database, relation: target.relationOid };
  }
  if (isGranted) return undefined;
  // Who waits for another's rows waits for the end of its transaction.
  const id = transactions.get(holders[0] ?? 0)?.transactionId;
  const waited = id === undefined ? { locktype: "transactionid" } : ofTransaction(id);
  return { ...base, mode: "ShareLock", ...waited };
}

function modeName(mode: LockMode): string {
  return mode === "shared" ? "ShareLock" : "ExclusiveLock";
}

/** One transaction of a session at a time. */
function virtual(pid: number): string {
  return `${pid}/1`;
}
