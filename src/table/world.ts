/**
 * What every table was at one moment: a sequence, and for each table its snapshot and hot rows.
 * Captured in one step, so that a statement over several tables sees each commit whole or not at
 * all.
 */

import { StoreError } from "./error.ts";
import type { HotTable } from "./hot-table.ts";
import type { PendingItems } from "./pending-items.ts";
import { TableView } from "./table-view.ts";
import type { TableWorld } from "./table-world.ts";

/** A table in a world, or why it could not be read. */
type Leased =
  | { readonly kind: "table"; readonly hot: HotTable; readonly world: TableWorld }
  | { readonly kind: "failed"; readonly cause: unknown };

/** Generations and files of its tables stay until `release`, which may be called twice. */
export class WorldLease {
  /** Every commit up to here is in it, none above. */
  readonly sequence: number;
  readonly #tables = new Map<number, Leased>();
  /** What ends with the lease. */
  readonly #ends: (() => void)[] = [];
  #isHeld = true;

  constructor(sequence: number) {
    this.sequence = sequence;
  }

  /** In the same step for all tables of the lease. */
  capture(hot: HotTable): void {
    const world = hot.capture();
    world.retain();
    const lease = hot.table.lease(world.content.snapshot);
    this.#tables.set(hot.tableId, { kind: "table", hot, world });
    this.#ends.push(() => {
      world.release();
      lease.release();
    });
  }

  /** Its transaction may change segments: nobody puts others with the same rows in their place. */
  pin(): void {
    for (const leased of this.#tables.values()) {
      if (leased.kind === "table") this.#ends.push(leased.hot.pin());
    }
  }

  fail(tableId: number, cause: unknown): void {
    this.#tables.set(tableId, { kind: "failed", cause });
  }

  /** The table was there, readable or not. */
  has(tableId: number): boolean {
    return this.#tables.has(tableId);
  }

  /**
   * What a statement reads of a table, with its own transaction's changes on top.
   * @throws what made the table unreadable; StoreError "no-table" when the lease does not have it
   */
  view(tableId: number, own?: PendingItems): TableView {
    const leased = this.#tables.get(tableId);
    if (leased === undefined) throw new StoreError("no-table", "table is newer than the lease");
    if (leased.kind === "failed") throw leased.cause;
    return new TableView(leased.world, own?.of(tableId));
  }

  /** Anything was committed to the table since, or published of what was. */
  hasMoved(hot: HotTable): boolean {
    const leased = this.#tables.get(hot.tableId);
    return leased?.kind !== "table" || hot.capture() !== leased.world;
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    for (const end of this.#ends) end();
  }
}
