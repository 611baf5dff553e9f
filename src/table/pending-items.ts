/**
 * What an open transaction has changed of tables, in order. Its own statements see it; COMMIT makes
 * one record of it. Rows lie in relations that nobody else reads.
 */

import { assert } from "../base/errors.ts";
import { type RawBounds, unitedBounds } from "./block-keys.ts";
import type { Coverage } from "./coverage.ts";
import { coverageOfRows } from "./hot-rows.ts";
import type { HotRange } from "./hot-storage.ts";
import type { HotTable } from "./hot-table.ts";
import type { NewItem, NewRows, NewSegments, StagedSegment } from "./items.ts";
import { OwnRows } from "./own-rows.ts";
import type { PruneQuery } from "./pruning.ts";
import type { RowIndex } from "./row-index.ts";
import { removeFiles } from "./staging.ts";
import type { OwnChanges, TableView } from "./table-view.ts";

/** A moment of the transaction to which it can go back. */
export interface PendingMark {
  readonly number: number;
}

interface Change {
  readonly number: number;
  readonly item: NewSegments;
}

export class PendingItems {
  readonly #tables = new Map<number, PendingTable>();
  #number = 0;
  /** No mark has a greater number. */
  #lastMark = 0;
  #atEnd: (() => void)[] = [];

  /** Bytes of one table's rows held in memory. */
  bytesOf(tableId: number): number {
    return this.#tables.get(tableId)?.bytes ?? 0;
  }

  get isEmpty(): boolean {
    return [...this.#tables.values()].every((table) => table.items().length === 0);
  }

  /** Tables that were changed. */
  get tableIds(): readonly number[] {
    return [...this.#tables.keys()];
  }

  /** @throws StoreError "null-time", "null-entity", "invalid-range" */
  add(hot: HotTable, item: NewItem): void {
    assert(hot.tableId === item.tableId, "an item goes to another table");
    this.#number += 1;
    this.#table(hot).add(item, this.#number);
  }

  /**
   * TRUNCATE: everything that `view` shows goes, own rows and files included. Between a flush and
   * `view` nothing may be replaced: rows that are still hot came later, and stay.
   */
  truncate(hot: HotTable, view: TableView): void {
    const { tableId } = hot;
    const removed = view.segments().map(({ path }) => path);
    this.#number += 1;
    const table = this.#table(hot);
    table.hideRows(this.#number, this.#lastMark);
    const operation = "TRUNCATE";
    table.add({ kind: "segments", tableId, removed, added: [], operation }, this.#number);
  }

  /** The transaction's own rows so far are in these segments now. */
  rowsBecome(hot: HotTable, added: readonly StagedSegment[]): void {
    this.#number += 1;
    const table = this.#table(hot);
    table.hideRows(this.#number, this.#lastMark);
    const { tableId } = hot;
    table.add({ kind: "segments", tableId, removed: [], added, isFromRows: true }, this.#number);
  }

  /**
   * Rows of the transaction hide hot ones that were found at `mark` (`HotTable.replaceMark`):
   * before it commits they must be hot still, or be taken out of their segments.
   */
  replacesHot(hot: HotTable, mark: number | undefined): void {
    this.#table(hot).replacesHot(mark);
  }

  /** No hot row of the table is hidden any more: they were taken out of segments. */
  replacesNone(hot: HotTable): void {
    this.#table(hot).replacesNone(this.#number);
  }

  /** Tables some of whose hidden rows a flush has moved, or is about to; or all that hide any. */
  replacing(isAll: boolean): readonly number[] {
    const tables = [...this.#tables].filter(([, table]) => table.hasMoved || isAll);
    return tables.filter(([, table]) => table.hidesHot !== undefined).map(([id]) => id);
  }

  #table(hot: HotTable): PendingTable {
    let table = this.#tables.get(hot.tableId);
    if (table === undefined) {
      table = new PendingTable(hot);
      this.#tables.set(hot.tableId, table);
    }
    return table;
  }

  mark(): PendingMark {
    this.#lastMark = this.#number;
    return { number: this.#number };
  }

  /** Undoes everything since; the mark stays valid. */
  rollbackTo({ number }: PendingMark): void {
    for (const table of this.#tables.values()) table.rollbackTo(number);
  }

  /** What COMMIT writes: of each table its changes, then its rows. */
  items(): readonly NewItem[] {
    return [...this.#tables.values()].flatMap((table) => table.items());
  }

  /** For `WorldLease.view`; undefined: nothing of that table was changed. */
  of(tableId: number): OwnChanges | undefined {
    return this.#tables.get(tableId);
  }

  /** Called when the transaction is over. */
  atEnd(act: () => void): void {
    this.#atEnd.push(act);
  }

  /** The transaction is over. `isCommitted` false: its files are removed. */
  async discard(isCommitted: boolean): Promise<void> {
    for (const act of this.#atEnd.splice(0)) act();
    const tables = [...this.#tables.values()];
    this.#tables.clear();
    await Promise.all(tables.map((table) => table.discard(isCommitted)));
  }
}

class PendingTable implements OwnChanges {
  readonly #hot: HotTable;
  readonly #rows: OwnRows;
  #changes: readonly Change[] = [];
  hidesHot: { readonly mark: number | undefined } | undefined;
  /** The last change when hidden rows were taken out of segments. */
  #takenOut = 0;
  /** Files of segments that somebody has added, whether or not they still count. */
  readonly #files = new Map<string, readonly string[]>();

  constructor(hot: HotTable) {
    this.#hot = hot;
    this.#rows = new OwnRows(hot);
  }

  get bytes(): number {
    return this.#rows.bytes;
  }

  get rows(): number {
    return this.#rows.rows;
  }

  get changes(): readonly NewSegments[] {
    return this.#changes.map(({ item }) => item);
  }

  add(item: NewItem, number: number): void {
    if (item.kind === "rows") {
      this.#rows.add(item, number);
      return;
    }
    for (const { meta } of item.added) {
      this.#files.set(meta.path, [meta.path, ...(meta.coveragePath ? [meta.coveragePath] : [])]);
    }
    this.#changes = [...this.#changes, { number, item }];
  }

  replacesHot(mark: number | undefined): void {
    const { hidesHot } = this;
    if (hidesHot === undefined) this.hidesHot = { mark };
    else if (hidesHot.mark !== mark) this.hidesHot = { mark: undefined };
  }

  replacesNone(number: number): void {
    this.hidesHot = undefined;
    this.#takenOut = number;
  }

  get hasMoved(): boolean {
    if (this.hidesHot === undefined) return false;
    const { mark } = this.hidesHot;
    return mark === undefined || mark !== this.#hot.replaceMark;
  }

  hideRows(number: number, lastMark: number): void {
    this.#rows.hide(number, lastMark);
  }

  rollbackTo(number: number): void {
    this.#rows.rollbackTo(number);
    this.#changes = this.#changes.filter((change) => change.number <= number);
    if (this.#takenOut <= number) return;
    // What was taken out is back in its segments.
    this.#takenOut = 0;
    if (this.#rows.visible().some(({ isReplacing }) => isReplacing)) {
      this.hidesHot = { mark: undefined };
    }
  }

  async ranges(query: PruneQuery): Promise<readonly HotRange[]> {
    return await this.#rows.ranges(query);
  }

  index(): RowIndex | undefined {
    return this.#rows.index();
  }

  coverage(): Coverage {
    const { keys, table } = this.#hot.attachment;
    const { kind } = table.snapshot.meta.index;
    return coverageOfRows(this.#rows.visible(), keys, kind);
  }

  bounds(): RawBounds | undefined {
    return unitedBounds(this.#rows.visible().map(({ bounds }) => bounds));
  }

  /** What remains of the changes, without what the transaction has both added and removed. */
  items(): readonly NewItem[] {
    const { tableId } = this.#hot;
    const items = this.#changes.length === 0 ? [] : this.#remaining();
    for (const rows of this.#rows.visible()) {
      const { schemaVersion, block, isReplacing } = rows;
      items.push({
        kind: "rows",
        tableId,
        schemaVersion,
        block,
        made: rows,
        ...(isReplacing && { isReplacing }),
      } satisfies NewRows);
    }
    return items;
  }

  #remaining(): NewItem[] {
    const items: NewItem[] = [];
    const own = new Set(this.#changes.flatMap(({ item }) => addedPaths(item)));
    const gone = new Set(this.#changes.flatMap(({ item }) => item.removed));
    for (const { item } of this.#changes) {
      const removed = item.removed.filter((path) => !own.has(path));
      const added = item.added.filter(({ meta }) => !gone.has(meta.path));
      if (added.length + removed.length > 0) items.push({ ...item, removed, added });
    }
    return items;
  }

  async discard(isCommitted: boolean): Promise<void> {
    if (this.#files.size === 0) return await this.#rows.drop();
    const kept = isCommitted
      ? new Set(this.items().flatMap((item) => (item.kind === "rows" ? [] : addedPaths(item))))
      : new Set<string>();
    const unused = [...this.#files].filter(([path]) => !kept.has(path)).flatMap(([, keys]) => keys);
    await Promise.all([this.#rows.drop(), removeFiles(this.#hot.table, unused)]);
  }
}

function addedPaths(item: NewSegments): readonly string[] {
  return item.added.map(({ meta }) => meta.path);
}
