/** Rows of one item in memory: the block until the engine has them, their keys until a flush. */

import { assert } from "../base/errors.ts";
import {
  type BlockKeys,
  boundsOf,
  CoverageBuilder,
  type KeyColumns,
  keysOf,
  type RawBounds,
} from "./block-keys.ts";
import type { Coverage } from "./coverage.ts";
import type { IndexKind } from "./format.ts";
import type { NewRows } from "./items.ts";
import { blockBytes, type ColumnData, type RowBlock } from "./row-block.ts";

/** What one item costs besides its columns. */
const ITEM_BYTES = 512;

interface Seen {
  readonly keys: BlockKeys;
  readonly bounds: RawBounds;
  readonly bytes: number;
}

export class HotRows {
  readonly kind = "rows";
  readonly sequence: number;
  readonly schemaVersion: number;
  readonly rows: number;
  readonly bytes: number;
  readonly bounds: RawBounds;
  readonly isReplacing: boolean;
  #block: RowBlock | undefined;
  #keys: BlockKeys;

  private constructor(
    from: Pick<NewRows, "schemaVersion" | "isReplacing" | "block">,
    sequence: number,
    seen: Seen,
  ) {
    this.sequence = sequence;
    this.schemaVersion = from.schemaVersion;
    this.isReplacing = from.isReplacing === true;
    this.rows = from.block.rows;
    this.bytes = seen.bytes;
    this.bounds = seen.bounds;
    this.#block = from.block;
    this.#keys = seen.keys;
  }

  /** @throws StoreError as `checkRows`; `item.block` has at least one row */
  static of(item: NewRows, sequence: number, columns: KeyColumns, kind: IndexKind): HotRows {
    const keys = keysOf(item.block, columns);
    const bounds = boundsOf(keys, columns, kind);
    return new HotRows(item, sequence, { keys, bounds, bytes: bytesOfRows(item.block) });
  }

  /** The same rows with another number. */
  at(sequence: number): HotRows {
    return new HotRows(this, sequence, {
      keys: this.#keys,
      bounds: this.bounds,
      bytes: this.bytes,
    });
  }

  get block(): RowBlock {
    assert(this.#block !== undefined, "rows were asked for after the engine took them");
    return this.#block;
  }

  /** The engine has the rows: only what coverage needs is kept. */
  forgetBlock(): void {
    if (this.#block === undefined) return;
    this.#block = undefined;
    const { rows, time, entities } = this.#keys;
    this.#keys = { rows, time: detached(time), entities: entities.map(detached) };
  }

  coverage(columns: KeyColumns, kind: IndexKind): Coverage {
    return coverageOfRows([this], columns, kind);
  }

  get keys(): BlockKeys {
    return this.#keys;
  }
}

export function bytesOfRows(block: RowBlock): number {
  return blockBytes(block) + ITEM_BYTES;
}

/** Without the memory of its neighbours. */
function detached({ data, offsets }: ColumnData): ColumnData {
  return {
    validity: undefined,
    data: data.slice(),
    offsets: offsets?.slice(),
    elements: undefined,
  };
}

export function coverageOfRows(
  items: readonly HotRows[],
  columns: KeyColumns,
  kind: IndexKind,
): Coverage {
  const builder = new CoverageBuilder(columns, kind);
  for (const { keys } of items) builder.add(keys);
  return builder.done();
}
