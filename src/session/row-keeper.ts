/**
 * Rows that a cursor may go back to, as DataRow messages: in memory up to a bound, then in a file
 * that has no name any more. One that may forget keeps the newest instead.
 */

import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { offsetAfterRows } from "./data-rows.ts";
import type { RowBatch } from "./row-source.ts";

const KEPT_IN_MEMORY_BYTES = 16 * 2 ** 20;

interface Block {
  /** Number of the first row, from 0. */
  readonly first: number;
  readonly rows: number;
  readonly size: number;
  /** undefined: in the file, at `offset`. */
  readonly bytes: Uint8Array | undefined;
  readonly offset: number;
}

export class RowKeeper {
  readonly #mayForget: boolean;
  readonly #blocks: Block[] = [];
  #rows: number;
  #memoryBytes = 0;
  #file: FileHandle | undefined;
  #fileBytes = 0;

  /** `first`: the number of the first row that will come. */
  constructor(mayForget: boolean, first: number) {
    this.#mayForget = mayForget;
    this.#rows = first;
  }

  /** The number of the oldest row that is still there. */
  get first(): number {
    return this.#blocks[0]?.first ?? this.#rows;
  }

  async add({ bytes, rows }: RowBatch): Promise<void> {
    const first = this.#rows;
    this.#rows += rows;
    const size = bytes.length;
    if (this.#memoryBytes + size <= KEPT_IN_MEMORY_BYTES) {
      this.#memoryBytes += size;
      this.#blocks.push({ first, rows, size, bytes, offset: 0 });
      return;
    }
    if (this.#mayForget) return this.#replaceOldest({ first, rows, size, bytes, offset: 0 });
    this.#file ??= await unnamedFile();
    const offset = this.#fileBytes;
    await this.#file.write(bytes, 0, size, offset);
    this.#fileBytes += size;
    this.#blocks.push({ first, rows, size, bytes: undefined, offset });
  }

  /** Rows from number `from` on, at most `count`, of one block. */
  async read(from: number, count: number): Promise<RowBatch> {
    const block = this.#blockOf(from);
    const bytes = block.bytes ?? (await this.#load(block));
    const skipped = offsetAfterRows(bytes, from - block.first);
    const rest = bytes.subarray(skipped);
    const rows = Math.min(count, block.first + block.rows - from);
    return { bytes: rest.subarray(0, offsetAfterRows(rest, rows)), rows };
  }

  async close(): Promise<void> {
    this.#blocks.length = 0;
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  #replaceOldest(block: Block): void {
    this.#blocks.push(block);
    this.#memoryBytes += block.size;
    while (this.#memoryBytes > KEPT_IN_MEMORY_BYTES && this.#blocks.length > 1) {
      this.#memoryBytes -= this.#blocks.shift()?.size ?? 0;
    }
  }

  /** By halves: a large cursor has many. */
  #blockOf(row: number): Block {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#blocks[middle]?.first ?? 0) <= row) low = middle;
      else high = middle - 1;
    }
    return this.#blocks[low] as Block;
  }

  async #load({ offset, size }: Block): Promise<Uint8Array> {
    const bytes = Buffer.allocUnsafe(size);
    await this.#file?.read(bytes, 0, size, offset);
    return bytes;
  }
}

/** Gone with its handle, also when the process dies. */
async function unnamedFile(): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), "pgtide-cursor-"));
  try {
    return await open(join(folder, "rows"), "w+", 0o600);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
