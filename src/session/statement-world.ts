/**
 * The world a statement reads: one moment of all its time-series tables, with its own transaction's
 * changes on top. Under REPEATABLE READ the transaction's first statement takes it for all.
 */

import { SqlError } from "../base/errors.ts";
import type { Plan } from "../compile/plan.ts";
import type { TableView } from "../table/table-view.ts";
import type { WorldLease } from "../table/world.ts";
import type { Execution } from "./execution.ts";
import { plainWrites } from "./plain/work.ts";
import type { Services } from "./services.ts";
import type { Tables, TstableEntry } from "./tables.ts";
import { knownWork, type TransactionWork } from "./work.ts";

export interface StatementWorld {
  /** Every commit up to here is in it. */
  readonly sequence: number;
  /** @throws what makes the table unreadable; SqlError 40001 */
  view(entry: TstableEntry): TableView;
  /** Twice is harmless. */
  release(): void;
}

/** The tables' newest state; `tableIds` are those the statement can name. */
export async function takeWorld(
  tableIds: readonly number[],
  execution: Execution,
): Promise<StatementWorld> {
  const { transaction, services } = execution;
  if (execution.world !== undefined) return { ...execution.world, release: () => undefined };
  const work = knownWork(transaction);
  if (!transaction.keepsOneWorld) {
    const lease = await leaseWith(work, tableIds, services);
    return {
      sequence: lease.sequence,
      view: (entry) => lease.view(entry.info.oid, work?.items),
      release: () => lease.release(),
    };
  }
  const kept = await transactionWorld(execution);
  transaction.noteRead(tableIds);
  // What the transaction has defined itself is younger than its world.
  const hasDefined = transaction.definitions !== undefined;
  const own = hasDefined ? await services.intake.lease(tableIds) : undefined;
  return {
    sequence: kept.sequence,
    view: (entry) => {
      const { oid, name } = entry.info;
      if (kept.has(oid)) return kept.view(oid, work?.items);
      if (own?.has(oid) === true) return own.view(oid, work?.items);
      throw new SqlError("40001", `table "${name}" is newer than this transaction`, {
        hint: "Begin a new transaction to read it.",
      });
    },
    release: () => own?.release(),
  };
}

/** One that shows no row which the transaction's own rows hide. */
async function leaseWith(
  work: TransactionWork | undefined,
  tableIds: readonly number[],
  { intake }: Services,
): Promise<WorldLease> {
  for (;;) {
    await work?.followMoves(tableIds);
    const lease = await intake.lease(tableIds);
    const moved = work?.items.replacing(false) ?? [];
    if (!moved.some((tableId) => tableIds.includes(tableId))) return lease;
    lease.release();
  }
}

/**
 * Of time-series and ordinary tables together, released when the transaction ends. Nobody who calls
 * it the first time may stand in a gate.
 */
export async function transactionWorld(execution: Execution): Promise<WorldLease> {
  const { transaction, services } = execution;
  const known = transaction.world;
  if (known !== undefined) return known;
  const { gate, plain, intake } = services;
  const writes = await plainWrites(execution);
  const take = async () => {
    const world = await intake.lease();
    writes.keepWorld(plain.worlds.pin(), transaction.isolation === "serializable");
    return world;
  };
  const world = await gate.shared(async () => await plain.gate.shared(take));
  if (!transaction.isReadOnly) world.pin();
  transaction.keepWorld(world);
  return world;
}

/** OIDs of the time-series tables that a plan reads or asks about. */
export function tstablesOf(
  plan: Pick<Plan, "parameters" | "scans">,
  tables: Tables,
): readonly number[] {
  const oids = new Set<number>();
  const ask = (functionOid: number) => {
    const entry = tables.ownFunction(functionOid)?.entry;
    if (entry !== undefined) oids.add(entry.info.oid);
  };
  for (const source of plan.parameters) if (source.kind === "function") ask(source.functionOid);
  for (const scan of plan.scans) {
    if (scan.kind === "function") ask(scan.functionOid);
    else if (scan.kind === "table" && tables.byOid(scan.relationOid) !== undefined) {
      oids.add(scan.relationOid);
    } else if (scan.kind === "catalog" && tables.relation(scan.relationOid)?.kind === "store") {
      for (const { info } of tables.all()) oids.add(info.oid);
    }
  }
  return [...oids];
}

/** Whether it reads rows of both kinds of table, which one commit may change together. */
export function readsBothKinds(plan: Plan, tables: Tables): boolean {
  return readsOrdinary(plan, tables) && tstablesOf(plan, tables).length > 0;
}

export function readsOrdinary({ scans }: Plan, tables: Tables): boolean {
  return scans.some(
    (scan) => scan.kind === "table" && tables.relation(scan.relationOid)?.kind === "ordinary",
  );
}
