/**
 * The rows of a portal and where it stands among them: before the first, on one, or behind the
 * last. Moves as PostgreSQL's portals do, step for step, since tags and errors show the steps.
 */

import { SqlError } from "../base/errors.ts";
import { RowKeeper } from "./row-keeper.ts";
import { PagedRows, type RowBatch, type RowSource } from "./row-source.ts";

/** none: forward only. newest: back as far as memory reaches. all: back to the first row. */
export type Kept = "none" | "newest" | "all";

export interface Move {
  readonly direction: "forward" | "backward" | "absolute" | "relative";
  /** Infinity: all. */
  readonly count: number;
}

export class CursorRows {
  readonly #source: PagedRows;
  readonly #isForwardOnly: boolean;
  #keeper: RowKeeper | undefined;
  /** Before the first row 0, on a row its number from 1. */
  #at = 0;
  #isAfterEnd = false;
  /** Rows the source has given. */
  #read = 0;

  constructor(source: RowSource, kept: Kept) {
    this.#source = new PagedRows(source);
    this.#isForwardOnly = kept === "none";
    this.#keeper = kept === "none" ? undefined : new RowKeeper(kept === "newest", 0);
  }

  get isAfterEnd(): boolean {
    return this.#isAfterEnd;
  }

  /** At most `maxRows` rows onward, all when 0. */
  take(maxRows: number): AsyncGenerator<RowBatch> {
    return this.#forward(maxRows === 0 ? Infinity : maxRows);
  }

  /** All rows there are, as `take(0)`; undefined: they are not in memory. */
  takeAll(): readonly RowBatch[] | undefined {
    if (this.#keeper !== undefined) return undefined;
    const batches = this.#source.takeAll();
    for (const { rows } of batches ?? []) this.#read += rows;
    if (batches === undefined) return undefined;
    this.#at = this.#read;
    this.#isAfterEnd = true;
    return batches;
  }

  /** Nothing is left that `close` would have to wait for. */
  get isClosed(): boolean {
    return this.#keeper === undefined && this.#source.isFinished;
  }

  /**
   * FETCH, or with `isMove` MOVE, which gives no bytes.
   * @throws SqlError 55000
   */
  async *fetch(move: Move, isMove: boolean): AsyncGenerator<RowBatch> {
    const { direction, count } = move;
    switch (direction) {
      case "forward":
        return yield* this.#along(count, isMove);
      case "backward":
        return yield* this.#along(-count, isMove);
      case "absolute":
        return yield* this.#absolute(count);
      case "relative":
        if (count === 0) return yield* this.#again(isMove);
        await exhaust(count > 0 ? this.#forward(count - 1) : this.#backward(-count - 1));
        return yield* count > 0 ? this.#forward(1) : this.#backward(1);
    }
  }

  /** Reads the rest, so that the cursor needs neither its source nor a transaction any more. */
  async keepAll(): Promise<void> {
    this.#keeper ??= new RowKeeper(false, this.#read);
    const keeper = this.#keeper;
    for await (const batch of this.#source.take(0)) {
      this.#read += batch.rows;
      await keeper.add(batch);
    }
  }

  cancel(): void {
    this.#source.cancel();
  }

  async close(): Promise<void> {
    await this.#source.close();
    await this.#keeper?.close();
  }

  /** `count` rows onward, or back when it is negative. */
  async *#along(count: number, isMove: boolean): AsyncGenerator<RowBatch> {
    if (count === 0) return yield* this.#again(isMove);
    if (count > 0) return yield* this.#forward(count);
    if (count === -Infinity && isMove) return yield* this.#moveToStart();
    return yield* this.#backward(-count);
  }

  /** FETCH 0: the row it stands on, once more. */
  async *#again(isMove: boolean): AsyncGenerator<RowBatch> {
    if (this.#at === 0 || this.#isAfterEnd) return;
    if (isMove) {
      yield { bytes: new Uint8Array(), rows: 1 };
      return;
    }
    await exhaust(this.#backward(1));
    yield* this.#forward(1);
  }

  async *#moveToStart(): AsyncGenerator<RowBatch> {
    const rows = this.#isAfterEnd ? this.#at : Math.max(0, this.#at - 1);
    this.#rewind();
    yield { bytes: new Uint8Array(), rows };
  }

  async *#absolute(count: number): AsyncGenerator<RowBatch> {
    if (count < 0) {
      await exhaust(this.#forward(Infinity));
      await exhaust(this.#backward(-count - 1));
      return yield* this.#backward(1);
    }
    if (count === 0) return this.#rewind();
    if (count - 1 <= this.#at / 2) {
      this.#rewind();
      await exhaust(this.#forward(count - 1));
    } else {
      const at = this.#isAfterEnd ? this.#at + 1 : this.#at;
      if (count <= at) await exhaust(this.#backward(at - count + 1));
      else await exhaust(this.#forward(count - at - 1));
    }
    yield* this.#forward(1);
  }

  #rewind(): void {
    if (this.#at === 0 && !this.#isAfterEnd) return;
    const keeper = this.#requireKept();
    if (keeper.first > 0) throw forwardOnly();
    this.#at = 0;
    this.#isAfterEnd = false;
  }

  async *#forward(count: number): AsyncGenerator<RowBatch> {
    let left = count;
    while (left > 0 && !this.#isAfterEnd) {
      const batch = await this.#next(left);
      if (batch === undefined) {
        this.#isAfterEnd = true;
        return;
      }
      left -= batch.rows;
      this.#at += batch.rows;
      yield batch;
    }
  }

  /** The rows behind the one it stands on: what was kept, then what the source gives. */
  async #next(rowsMax: number): Promise<RowBatch | undefined> {
    if (this.#at < this.#read) return await this.#keeper?.read(this.#at, rowsMax);
    const page = this.#source.take(rowsMax === Infinity ? 0 : rowsMax);
    const { value: batch } = await page.next();
    if (batch === undefined) return undefined;
    await page.return(undefined);
    this.#read += batch.rows;
    if (this.#keeper === undefined) return batch;
    await this.#keeper.add(batch);
    return { bytes: batch.bytes, rows: batch.rows };
  }

  async *#backward(count: number): AsyncGenerator<RowBatch> {
    const keeper = this.#requireKept();
    if (count <= 0) return;
    let next = this.#isAfterEnd ? this.#at : this.#at - 1;
    if (next <= 0 && this.#at === 0) return;
    let left = count;
    for (; left > 0 && next >= 1; left -= 1) {
      if (next - 1 < keeper.first) throw forwardOnly();
      this.#isAfterEnd = false;
      this.#at = next;
      next -= 1;
      yield await keeper.read(next, 1);
    }
    if (left > 0) {
      this.#at = 0;
      this.#isAfterEnd = false;
    }
  }

  #requireKept(): RowKeeper {
    if (this.#isForwardOnly || this.#keeper === undefined) throw forwardOnly();
    return this.#keeper;
  }
}

function forwardOnly(): SqlError {
  return new SqlError("55000", "cursor can only scan forward", {
    hint: "Declare it with SCROLL option to enable backward scan.",
  });
}

async function exhaust(rows: AsyncGenerator<RowBatch>): Promise<void> {
  for await (const _ of rows);
}
