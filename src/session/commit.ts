/**
 * The decision of a transaction, in the one place where it is made for each mixture of changes:
 * rows of time-series tables alone by one record of the write-ahead log, ordinary tables alone by
 * DuckDB, definitions alone by their journal entry; a mixture by DuckDB, between a prepared and a
 * decided record, so that a crash at any point leaves all of it or nothing.
 */

import { SqlError } from "../base/errors.ts";
import { log } from "../base/telemetry.ts";
import { encodeNewEntry, type NewEntry } from "../catalog/entry.ts";
import type { RunStatement } from "../engine/request.ts";
import type { CommitOptions } from "../table/intake.ts";
import type { NewItem } from "../table/items.ts";
import type { Services } from "./services.ts";

export interface Decision {
  readonly entry: NewEntry | undefined;
  readonly items: readonly NewItem[];
  readonly plain:
    | { readonly isDurable: boolean; commit(more: readonly RunStatement[]): Promise<void> }
    | undefined;
}

export interface DecisionOptions extends CommitOptions {
  readonly beforeSequence: () => void;
}

type CommitServices = Pick<
  Services,
  "intake" | "journal" | "engine" | "gate" | "transactions" | "fail"
>;

/** @throws what keeps it from happening; SqlError 40003 when nobody knows before the next start */
export async function commitAll(
  { entry, items, plain }: Decision,
  services: CommitServices,
  options: DecisionOptions,
): Promise<void> {
  const { intake, journal } = services;
  const durable = plain?.isDurable === true ? plain : undefined;
  const hasItems = items.length > 0;
  const kinds = Number(hasItems) + Number(entry !== undefined) + Number(durable !== undefined);
  if (kinds > 1) {
    await commitMixed({ entry, items, plain: durable }, services, options);
  } else if (hasItems) {
    await intake.commit(items, options);
  } else if (entry !== undefined) {
    options.beforeSequence();
    await journal.append(entry);
  } else {
    options.beforeSequence();
    await durable?.commit([]);
  }
  if (durable === undefined) await commitTemporary(plain, hasItems || entry !== undefined);
}

/** What must survive is decided already, and its files must stay, whatever becomes of this. */
async function commitTemporary(plain: Decision["plain"], isDecided: boolean): Promise<void> {
  try {
    await plain?.commit([]);
  } catch (cause) {
    if (!isDecided) throw cause;
    throw new SqlError("40003", "the changes of temporary tables are lost", {
      detail: "Everything else that the transaction has changed is committed.",
      cause,
    });
  }
}

async function commitMixed(
  { entry, items, plain }: Decision,
  services: CommitServices,
  options: DecisionOptions,
): Promise<void> {
  const { intake, journal, gate, transactions } = services;
  const txn = transactions.next();
  const number = journal.entries().length + 1;
  const extra = entry === undefined ? new Uint8Array() : encodeNewEntry(entry, number);
  const prepared = await intake.prepare(txn, items, extra, options);
  await gate.alone(async () => {
    try {
      options.beforeSequence();
    } catch (cause) {
      prepared.abandon();
      throw cause;
    }
    await decideInDuckDb(txn, plain, services, () => prepared.abandon());
    try {
      await prepared.decide(async () => {
        if (entry !== undefined) await journal.append(entry);
      });
    } catch (cause) {
      throw unknownOutcome(cause, services);
    }
  });
}

/** COMMIT's answer is no evidence, good or bad: what another connection finds is. */
async function decideInDuckDb(
  txn: number,
  plain: Decision["plain"],
  services: CommitServices,
  abandon: () => void,
): Promise<void> {
  const { engine, transactions } = services;
  const mark = transactions.mark(txn);
  let failure: unknown;
  try {
    if (plain === undefined) await engine.run({ statements: mark });
    else await plain.commit(mark);
  } catch (cause) {
    failure = cause;
  }
  let hasHappened: boolean;
  try {
    hasHappened = await transactions.hasHappened(txn);
  } catch (cause) {
    throw unknownOutcome(failure ?? cause, services);
  }
  if (hasHappened) {
    if (failure !== undefined) log("warn", "a commit failed and is there", { txn, cause: failure });
    return;
  }
  abandon();
  throw failure ?? new SqlError("XX000", "a commit of ordinary tables left nothing behind");
}

/** The prepared record stays: the next start finds out. */
function unknownOutcome(cause: unknown, { fail }: CommitServices): SqlError {
  fail(cause);
  return new SqlError("40003", "the outcome of the transaction is not known", {
    detail: "Its decision could not be written or read back.",
    hint: "Look whether its changes are there after the server has been started again.",
    cause,
  });
}
