/** Rows of one execution, handed out in pages as Execute asks for them. */

import { encodeDataRows, type RowColumn } from "../types/data-row.ts";
import type { TextSettings } from "../types/shape.ts";
import type { SqlValue } from "../types/value.ts";
import { offsetAfterRows } from "./data-rows.ts";

export interface RowBatch {
  /** Complete DataRow messages. */
  readonly bytes: Uint8Array;
  readonly rows: number;
  /** As the engine's batches have it. */
  readonly giveBack?: (() => void) | undefined;
}

/** Whoever takes it closes it; closing twice is harmless. */
export interface RowSource {
  /** Batches are lines of COPY already, as the execution has asked. */
  readonly isLines?: boolean;
  /** undefined: no more rows. */
  next(): Promise<RowBatch | undefined>;
  /** What is left, where it is in memory: nothing is to be closed then. */
  rest?(): readonly RowBatch[];
  /** A pending or later `next` fails with 57014. */
  cancel(): void;
  close(): Promise<void>;
}

/** The rows of a small result that a handler made itself. */
export function rowsOfValues(
  rows: readonly (readonly SqlValue[])[],
  columns: readonly RowColumn[],
  text: TextSettings,
): RowSource {
  return rowsInMemory([{ bytes: encodeDataRows(rows, columns, text), rows: rows.length }]);
}

/** Rows that are there already. */
export function rowsInMemory(batches: readonly RowBatch[]): RowSource {
  const left = batches.filter((batch) => batch.rows > 0);
  return {
    next: () => Promise.resolve(left.shift()),
    rest: () => left.splice(0),
    cancel: () => undefined,
    close: () => Promise.resolve(),
  };
}

/** Memory that several pages lie in: given back when it was given back for each. */
class SharedMemory {
  readonly #giveBack: () => void;
  #pages = 0;

  constructor(giveBack: () => void) {
    this.#giveBack = giveBack;
  }

  /** For one more page. */
  share(): () => void {
    this.#pages += 1;
    return () => {
      this.#pages -= 1;
      if (this.#pages === 0) this.#giveBack();
    };
  }
}

/** Cuts a source into pages of at most n rows. */
export class PagedRows {
  readonly #source: RowSource;
  #rest: RowBatch | undefined;
  /** Of the batch that is being cut. */
  #memory: SharedMemory | undefined;
  #isFinished = false;

  constructor(source: RowSource) {
    this.#source = source;
  }

  /** True once the source has said so: as PostgreSQL, a page that is just full does not know it. */
  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** All that is left, where it is in memory. */
  takeAll(): readonly RowBatch[] | undefined {
    if (this.#rest !== undefined || this.#isFinished) return undefined;
    const batches = this.#source.rest?.();
    if (batches !== undefined) this.#isFinished = true;
    return batches;
  }

  /** At most `maxRows` rows, all when 0. */
  async *take(maxRows: number): AsyncGenerator<RowBatch> {
    let left = maxRows === 0 ? Number.POSITIVE_INFINITY : maxRows;
    while (left > 0 && !this.#isFinished) {
      const batch = this.#rest ?? (await this.#next());
      this.#rest = undefined;
      if (batch === undefined) {
        this.#isFinished = true;
        await this.#source.close();
        return;
      }
      const page = batch.rows <= left ? batch : this.#cut(batch, left);
      left -= page.rows;
      yield page;
    }
  }

  cancel(): void {
    this.#source.cancel();
  }

  async close(): Promise<void> {
    this.#isFinished = true;
    this.#rest = undefined;
    await this.#source.close();
  }

  async #next(): Promise<RowBatch | undefined> {
    const batch = await this.#source.next();
    this.#memory = batch?.giveBack && new SharedMemory(batch.giveBack);
    return batch && { ...batch, giveBack: this.#memory?.share() };
  }

  /** The page takes over what was shared for the batch, the rest shares anew. */
  #cut({ bytes, rows, giveBack }: RowBatch, pageRows: number): RowBatch {
    const at = offsetAfterRows(bytes, pageRows);
    const rest = { bytes: bytes.subarray(at), rows: rows - pageRows };
    this.#rest = { ...rest, giveBack: this.#memory?.share() };
    return { bytes: bytes.subarray(0, at), rows: pageRows, giveBack };
  }
}
