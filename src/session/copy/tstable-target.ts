/**
 * Rows of a COPY into a time-series table: few go through the log as an INSERT's do, many become
 * sorted segments directly, so that memory stays flat. Both belong to the transaction.
 */

import { BulkFiles } from "../../engine/bulk-files.ts";
import { joinBlocks, selectRows } from "../../table/join-blocks.ts";
import { blockBytes, type RowBlock } from "../../table/row-block.ts";
import { allOrThrow, Staging } from "../../table/staging.ts";
import { tableShape } from "../attachment.ts";
import { BucketRows } from "../bucket-rows.ts";
import type { Execution } from "../execution.ts";
import { FileRows } from "../file-rows.ts";
import { hasRowKey, keyPolicy, type RepeatPolicy } from "../repeated-rows.ts";
import type { TstableEntry } from "../tables.ts";
import { addRows, insertSegments, requireRows } from "../tstable-writes.ts";
import type { CopyTarget } from "./copy-target.ts";

/** Up to so many bytes are kept as rows. */
const ROWS_BYTES_MAX = 16 * 2 ** 20;
/** Rows of so many bytes in memory become a file. */
const BYTES_PER_FILE = 32 * 2 ** 20;

export class TstableTarget implements CopyTarget {
  readonly #entry: TstableEntry;
  readonly #execution: Execution;
  readonly #onRepeat: RepeatPolicy | undefined;
  /** Rows may not repeat covered buckets: nothing is added before all are known. */
  readonly #buckets: BucketRows | undefined;
  /** No key twice. */
  readonly #isByKey: boolean;
  /** Rows in the place of others: many at once, since segments are written again. */
  readonly #isReplacing: boolean;
  #blocks: RowBlock[] = [];
  #bytes = 0;
  #repeats = 0;
  #bulk: Bulk | undefined;

  /** @throws SqlError 0A000 for a table that takes no rows */
  constructor(entry: TstableEntry, execution: Execution, onRepeat: RepeatPolicy | undefined) {
    requireRows(entry);
    this.#entry = entry;
    this.#execution = execution;
    this.#onRepeat = onRepeat;
    this.#buckets = BucketRows.of(entry, onRepeat, execution);
    this.#isByKey = hasRowKey(entry);
    this.#isReplacing = this.#isByKey && keyPolicy(entry, onRepeat, execution) === "replace";
  }

  async add(given: RowBlock): Promise<void> {
    const outside = await this.#buckets?.take(given);
    const block = outside === undefined ? given : selectRows(given, outside);
    this.#repeats += given.rows - block.rows;
    if (this.#bulk !== undefined) {
      await this.#bulk.files.add(block);
      return;
    }
    if (this.#isByKey && this.#buckets === undefined && !this.#isReplacing) {
      await this.#insert(block);
      return;
    }
    this.#blocks.push(block);
    this.#bytes += blockBytes(block);
    if (this.#bytes <= ROWS_BYTES_MAX) return;
    const waiting = this.#blocks;
    this.#blocks = [];
    this.#bytes = 0;
    if (this.#isReplacing) {
      await this.#insert(joinBlocks(waiting));
      return;
    }
    this.#bulk = startBulk(this.#entry, this.#execution);
    for (const one of waiting) await this.#bulk.files.add(one);
  }

  async finish(): Promise<number> {
    await this.#buckets?.finish();
    if (this.#isReplacing) await this.#insert(joinBlocks(this.#blocks));
    else for (const block of this.#blocks) await this.#insert(block);
    if (this.#bulk !== undefined) await this.#finishBulk(this.#bulk);
    return this.#repeats;
  }

  async #insert(block: RowBlock): Promise<void> {
    const kept = await addRows(this.#entry, block, this.#execution, this.#onRepeat);
    if (kept !== undefined) this.#repeats += block.rows - kept.length;
  }

  async #finishBulk({ files, keys, staging }: Bulk): Promise<void> {
    const { meta } = this.#entry.table.snapshot;
    const segments = [];
    const paths = await files.finish();
    if (this.#isByKey) await this.#refuseTwins(paths);
    for (const path of paths) {
      const staged = await staging.take(meta, keys.get(path) ?? "", path);
      if (staged !== undefined) segments.push(staging.segment(meta, staged));
    }
    await allOrThrow(segments.map(({ done }) => done));
    await insertSegments(this.#entry, segments, this.#execution);
    // The transaction removes them should it fail.
    staging.keepSegments(segments);
  }

  /** In buckets that the table does not have no other row can have the key. */
  async #refuseTwins(paths: readonly string[]): Promise<void> {
    const rows = new FileRows(this.#entry, "reject", undefined, this.#execution);
    const files = paths.map((path) => ({ source: undefined, path, near: undefined }));
    const repeats = await rows.look(files);
    await repeats.close();
  }

  async close(): Promise<void> {
    this.#blocks = [];
    if (this.#bulk === undefined) return;
    await this.#bulk.files.abandon();
    await this.#bulk.staging.removeUnused();
  }
}

interface Bulk {
  readonly files: BulkFiles;
  readonly staging: Staging;
  /** Of the table's store, by path. */
  readonly keys: ReadonlyMap<string, string>;
}

function startBulk(entry: TstableEntry, { services, signal }: Execution): Bulk {
  const { engine } = services;
  const staging = new Staging(entry.table, engine, { signal });
  const keys = new Map<string, string>();
  const files = new BulkFiles(engine, {
    shape: tableShape(entry),
    newFile: async () => {
      const { key, path } = await staging.newFile();
      keys.set(path, key);
      return path;
    },
    bytesPerFile: BYTES_PER_FILE,
    signal,
  });
  return { files, staging, keys };
}
