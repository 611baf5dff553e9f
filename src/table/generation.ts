/**
 * The hot rows between two flushes of a table, as one relation of the engine. Filled lazily and in
 * order; dropped once nobody reads it, its name is never used again.
 */

import { log } from "../base/telemetry.ts";
import type { KeyColumns, RawBounds } from "./block-keys.ts";
import { type Coverage, NO_COVERAGE, unite } from "./coverage.ts";
import type { IndexKind } from "./format.ts";
import { coverageOfRows, type HotRows } from "./hot-rows.ts";
import type { HotStorage } from "./hot-storage.ts";
import { RowIndex } from "./row-index.ts";

/** So many waiting rows are filled before anybody reads them. */
const FILL_AHEAD_ROWS = 1 << 16;
/** Rows given to the engine at once: others get their turn in between. */
const FILL_ROWS = 1 << 14;

let created = 0;

export class Generation {
  readonly relation: string;
  readonly schemaVersion: number;
  readonly #storage: HotStorage;
  /** In order of their sequences; only ever appended to. */
  readonly #items: HotRows[] = [];
  /** Rows of all items up to each, itself included. */
  readonly #rowsThrough: number[] = [];
  #bounds: RawBounds | undefined;
  #isReplacing = false;
  #filled = 0;
  #filledRows = 0;
  #isCreated = false;
  #filling: Promise<void> | undefined;
  #users = 1;
  readonly #index = new RowIndex();
  #known: { readonly count: number; readonly coverage: Coverage } = NOTHING_KNOWN;

  constructor(tableId: number, schemaVersion: number, storage: HotStorage) {
    created += 1;
    this.relation = `hot_${tableId}_${created}`;
    this.schemaVersion = schemaVersion;
    this.#storage = storage;
  }

  get count(): number {
    return this.#items.length;
  }

  /** Of all rows. */
  get bounds(): RawBounds | undefined {
    return this.#bounds;
  }

  /** Some of its rows hide others of the same key. */
  get isReplacing(): boolean {
    return this.#isReplacing;
  }

  /** Of the last of the first `count` items. */
  lastSequence(count: number): number {
    return this.#items[count - 1]?.sequence ?? 0;
  }

  /** How many items have a sequence up to this one. */
  countThrough(sequence: number): number {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#items[middle] as HotRows).sequence <= sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Rows of the first `count` items. */
  rowsOf(count: number): number {
    return count === 0 ? 0 : (this.#rowsThrough[count - 1] as number);
  }

  /** Sequences in (after, through) behind each of which about so many bytes more have come. */
  cuts(after: number, through: number, bytes: number): readonly number[] {
    const cuts: number[] = [];
    let sum = 0;
    const [from, until] = [this.countThrough(after), this.countThrough(through)];
    for (let at = from; at + 1 < until; at += 1) {
      const { sequence, bytes: more } = this.#items[at] as HotRows;
      sum += more;
      // One commit may have several items.
      if (sum < bytes || this.#items[at + 1]?.sequence === sequence) continue;
      cuts.push(sequence);
      sum = 0;
    }
    return cuts;
  }

  /** In memory, of the items with a sequence in (after, through]. */
  bytesOf(after: number, through: number): number {
    return this.#items
      .slice(this.countThrough(after), this.countThrough(through))
      .reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Of each of the items [from, until). */
  boundsOf(from: number, until: number): readonly RawBounds[] {
    return this.#items.slice(from, until).map(({ bounds }) => bounds);
  }

  /** The relation has the rows up to here. */
  get filledThrough(): number {
    return this.lastSequence(this.#filled);
  }

  /** Rows that the relation does not have yet; undefined: too many. */
  unfilled(columns: KeyColumns): RowIndex | undefined {
    return this.#index.reach(this.#items, this.#filled, columns) ? this.#index : undefined;
  }

  add(item: HotRows): void {
    this.#items.push(item);
    this.#isReplacing ||= item.isReplacing;
    const rows = this.rowsOf(this.count - 1) + item.rows;
    this.#rowsThrough.push(rows);
    this.#bounds = this.#bounds === undefined ? item.bounds : around(this.#bounds, item.bounds);
    if (rows - this.#filledRows >= FILL_AHEAD_ROWS) this.#fillAhead();
  }

  #fillAhead(): void {
    if (this.#filling !== undefined) return;
    this.fillThrough(this.lastSequence(this.count)).catch((cause: unknown) => {
      // The next reader tries again, and is told.
      log("warn", "hot rows not filled ahead", { relation: this.relation, cause });
    });
  }

  /** Afterwards the relation has every row up to `sequence`. */
  async fillThrough(sequence: number): Promise<void> {
    while (this.#lacks(sequence)) {
      this.#filling ??= this.#fillSome().finally(() => {
        this.#filling = undefined;
      });
      await this.#filling;
    }
  }

  #lacks(sequence: number): boolean {
    const next = this.#items[this.#filled];
    return next !== undefined && next.sequence <= sequence;
  }

  async #fillSome(): Promise<void> {
    if (!this.#isCreated) {
      await this.#storage.create(this.relation, this.schemaVersion);
      this.#isCreated = true;
    }
    const from = this.#filled;
    let [until, rows] = [from, 0];
    while (until < this.#items.length && rows < FILL_ROWS) {
      rows += (this.#items[until] as HotRows).rows;
      until += 1;
    }
    const items = this.#items.slice(from, until);
    await this.#storage.append(this.relation, items);
    this.#filled = until;
    this.#filledRows += rows;
    for (const item of items) item.forgetBlock();
    this.#index.forget();
  }

  /** Of the items [from, until). */
  coverage(from: number, until: number, columns: KeyColumns, kind: IndexKind): Coverage {
    const isKnown = from === 0 && until >= this.#known.count;
    const known = isKnown ? this.#known : { count: from, coverage: NO_COVERAGE };
    const news = coverageOfRows(this.#items.slice(known.count, until), columns, kind);
    const coverage = unite(known.coverage, news);
    if (isKnown) this.#known = { count: until, coverage };
    return coverage;
  }

  retain(): void {
    this.#users += 1;
  }

  /** The last one drops the relation. */
  release(): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    this.#drop().catch((cause: unknown) => {
      log("warn", "hot rows not dropped", { relation: this.relation, cause });
    });
  }

  async #drop(): Promise<void> {
    await this.#filling?.catch(() => undefined);
    if (this.#isCreated) await this.#storage.drop(this.relation);
  }
}

function around(a: RawBounds, b: RawBounds): RawBounds {
  if (a.min <= b.min) return a.max >= b.max ? a : { min: a.min, max: b.max };
  return a.max >= b.max ? { min: b.min, max: a.max } : b;
}

const NOTHING_KNOWN = { count: 0, coverage: NO_COVERAGE };
