/** Where rows of items stand in memory, by key. Of rows that share a key the last one counts. */

import { type KeyColumns, keyTextsOf } from "./block-keys.ts";
import type { HotRows } from "./hot-rows.ts";
import type { RowBlock } from "./row-block.ts";

export interface RowPlace {
  readonly block: RowBlock;
  readonly row: number;
  /** Of its item. */
  readonly sequence: number;
}

/** More rows than this are not looked through for the sake of few. */
const ROWS_AT_ONCE = 1 << 14;

/** Of a list of items that only grows, from one of them on. */
export class RowIndex {
  readonly #places = new Map<string, RowPlace>();
  #from = 0;
  #until = 0;

  /** What was known may be wrong. */
  forget(): void {
    this.#places.clear();
    this.#until = this.#from;
  }

  /**
   * Afterwards it knows the items from `from` on, but for those that `counts` leaves out.
   * @returns false: there are too many
   */
  reach(
    items: readonly HotRows[],
    from: number,
    columns: KeyColumns,
    counts: (item: HotRows) => boolean = () => true,
  ): boolean {
    if (from !== this.#from) {
      this.#from = from;
      this.forget();
    }
    if (items.length < this.#until) this.forget();
    let rows = 0;
    for (let i = this.#until; i < items.length; i += 1) rows += (items[i] as HotRows).rows;
    if (rows > ROWS_AT_ONCE) return false;
    for (; this.#until < items.length; this.#until += 1) {
      const item = items[this.#until] as HotRows;
      if (counts(item)) this.#add(item, columns);
    }
    return true;
  }

  #add({ block, keys, sequence }: HotRows, columns: KeyColumns): void {
    const texts = keyTextsOf(keys, columns);
    for (let row = 0; row < texts.length; row += 1) {
      this.#places.set(texts[row] as string, { block, row, sequence });
    }
  }

  /** `key`: as `keyTextsOf` gives it. */
  at(key: string): RowPlace | undefined {
    return this.#places.get(key);
  }
}
