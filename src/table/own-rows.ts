/** Rows of one table that an open transaction has inserted, in a relation of its own. */

import { log } from "../base/telemetry.ts";
import { HotRows } from "./hot-rows.ts";
import type { HotRange } from "./hot-storage.ts";
import type { HotTable } from "./hot-table.ts";
import type { NewRows } from "./items.ts";
import type { PruneQuery } from "./pruning.ts";
import { RowIndex } from "./row-index.ts";

let created = 0;

export class OwnRows {
  readonly #hot: HotTable;
  #relation: string;
  /** Numbered in the order of the transaction's changes, those undone included. */
  readonly #items: HotRows[] = [];
  #bytes = 0;
  readonly #undone = new Set<HotRows>();
  /** Rows up to this number were truncated, and by which change. */
  #hidden: readonly { readonly through: number }[] = [];
  /** Changes just below which the relation has rows that were forgotten. */
  readonly #gaps: number[] = [];
  readonly #index = new RowIndex();
  #filled = 0;
  #filling: Promise<void> = Promise.resolve();
  #isCreated = false;

  constructor(hot: HotTable) {
    this.#hot = hot;
    this.#relation = newName(hot);
  }

  /** Of all that is kept in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  get rows(): number {
    return this.visible().reduce((sum, { rows }) => sum + rows, 0);
  }

  /** @throws StoreError "null-time", "null-entity", "invalid-range" */
  add(item: NewRows, number: number): void {
    if (item.block.rows === 0) return;
    const { keys, table } = this.#hot.attachment;
    const rows = HotRows.of(item, number, keys, table.snapshot.meta.index.kind);
    this.#items.push(rows);
    this.#bytes += rows.bytes;
  }

  /** Everything up to this change no longer counts; what no mark can bring back is forgotten. */
  hide(number: number, lastMark: number): void {
    this.#hidden = [...this.#hidden, { through: number }];
    const kept = this.#items.filter(({ sequence }) => sequence <= lastMark).length;
    for (const { bytes } of this.#items.splice(kept)) this.#bytes -= bytes;
    this.#filled = Math.min(this.#filled, kept);
    this.#gaps.push(number);
    this.#index.forget();
    if (kept > 0 || !this.#isCreated) return;
    const relation = this.#relation;
    this.#relation = newName(this.#hot);
    this.#isCreated = false;
    this.#filling = this.#filling.catch(() => undefined).then(() => this.#dropRelation(relation));
  }

  rollbackTo(number: number): void {
    for (const item of this.#items) if (item.sequence > number) this.#undone.add(item);
    this.#hidden = this.#hidden.filter(({ through }) => through <= number);
    this.#index.forget();
  }

  visible(): readonly HotRows[] {
    return this.#items.filter((item) => this.#isVisible(item));
  }

  #isVisible(item: HotRows): boolean {
    return item.sequence > (this.#hidden.at(-1)?.through ?? 0) && !this.#undone.has(item);
  }

  /** The rows that still count, by key; undefined: too many. */
  index(): RowIndex | undefined {
    const { keys } = this.#hot.attachment;
    const isKnown = this.#index.reach(this.#items, 0, keys, (item) => this.#isVisible(item));
    return isKnown ? this.#index : undefined;
  }

  /** Numbers that still count, as few ranges as there are gaps; the relation has them all. */
  async ranges({ min, max }: PruneQuery): Promise<readonly HotRange[]> {
    const visible = this.visible();
    const isNeeded = visible.some(
      ({ bounds }) =>
        (min === undefined || bounds.max >= min) && (max === undefined || bounds.min <= max),
    );
    if (!isNeeded) return [];
    this.#filling = this.#filling.catch(() => undefined).then(async () => await this.#fill());
    await this.#filling;
    const keeps = new Set(visible);
    const ranges: { after: number; through: number }[] = [];
    let isOpen = false;
    for (const item of this.#items) {
      const last = ranges.at(-1);
      const { sequence } = item;
      if (!keeps.has(item)) isOpen = false;
      else if (isOpen && last !== undefined && !this.#hasGap(last.through, sequence)) {
        last.through = sequence;
      } else {
        ranges.push({ after: sequence - 1, through: sequence });
        isOpen = true;
      }
    }
    const isReplacing = visible.some((item) => item.isReplacing);
    return ranges.map((range) => ({
      relation: this.#relation,
      ...range,
      ...(isReplacing && { isReplacing }),
    }));
  }

  #hasGap(after: number, before: number): boolean {
    return this.#gaps.some((gap) => gap > after && gap < before);
  }

  async #fill(): Promise<void> {
    const { storage } = this.#hot.attachment;
    const items = this.#items.slice(this.#filled);
    const [first] = items;
    if (first === undefined) return;
    if (!this.#isCreated) {
      await storage.create(this.#relation, first.schemaVersion);
      this.#isCreated = true;
    }
    await storage.append(this.#relation, items);
    this.#filled += items.length;
  }

  async drop(): Promise<void> {
    await this.#filling.catch(() => undefined);
    if (this.#isCreated) await this.#dropRelation(this.#relation);
  }

  async #dropRelation(relation: string): Promise<void> {
    try {
      await this.#hot.attachment.storage.drop(relation);
    } catch (cause) {
      log("warn", "own rows not dropped", { relation, cause });
    }
  }
}

function newName({ tableId }: HotTable): string {
  created += 1;
  return `own_${tableId}_${created}`;
}
