/**
 * Files on their way into a table, with the sidecars and coverage files written for them. Whoever
 * gives up removes what it made; a crash leaves files that no version names.
 */

import { randomUUID } from "node:crypto";
import { log } from "../base/telemetry.ts";
import { StorageError } from "../storage/error.ts";
import { segmentMeta } from "./append-report.ts";
import type { Coverage } from "./coverage.ts";
import { coverageId, encodeCoverage } from "./coverage-file.ts";
import { StoreError } from "./error.ts";
import {
  dataKey,
  type LogicalField,
  segmentCoverageKey,
  type TableMeta,
  tableCoverageKey,
} from "./format.ts";
import type { StagedSegment } from "./items.ts";
import { schemaOfFile } from "./parquet-fit.ts";
import { readFooter } from "./parquet-footer.ts";
import { mismatchOfIndex } from "./schema.ts";
import type { SegmentFiles } from "./segment-files.ts";
import {
  type BroughtFile,
  bringIn,
  type StageContext,
  type StagedFile,
  stage,
  stageWithout,
} from "./stage.ts";
import type { Table } from "./table.ts";

/** A file written in the store and the promise that it is durable. */
export interface Written {
  readonly key: string;
  /** Handled, so that it may be dropped. */
  readonly done: Promise<void>;
}

export interface StagingOptions {
  /** Write narrower numbers in the table's types instead of refusing them. */
  readonly widens?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A file's name as the user gave it, and what became of it; undefined: it has no rows. */
export type StagedSource = readonly [source: string, staged: StagedFile | undefined];

/** Files staged at a time. */
const STAGED_MAX = 4;

export class Staging {
  readonly #table: Table;
  readonly #files: SegmentFiles;
  readonly #options: StagingOptions;
  readonly #made = new Set<string>();
  readonly #used = new Set<string>();
  /** By the segment's key. */
  readonly #sidecars = new Map<string, Written>();

  constructor(table: Table, files: SegmentFiles, options: StagingOptions = {}) {
    this.#table = table;
    this.#files = files;
    this.#options = options;
  }

  #context({ index }: TableMeta, schema: readonly LogicalField[]): StageContext {
    const { widens = false, signal } = this.#options;
    const { store } = this.#table;
    return { store, files: this.#files, index, schema, widens, made: this.#made, signal };
  }

  /**
   * Brings files from outside in. `schema` is the table's, or for a table that has none yet that
   * of the first file. @throws StoreError, StorageError, and what the port throws
   */
  async bringAll(
    meta: TableMeta,
    sources: readonly string[],
  ): Promise<{ readonly schema: readonly LogicalField[]; readonly staged: StagedSource[] }> {
    const { schema, first } = await this.#schemaOf(meta, sources);
    const context = this.#context(meta, schema);
    const staged: StagedSource[] = new Array(sources.length);
    let next = 0;
    const work = async () => {
      while (next < sources.length) {
        const at = next;
        next += 1;
        const source = sources[at] as string;
        this.#options.signal?.throwIfAborted();
        const brought =
          at === 0 && first !== undefined
            ? first
            : await bringIn(this.#table.store, source, this.#made);
        staged[at] = [source, await stage(context, brought)];
      }
    };
    // All of them, even when one fails: what is still being written could not be removed.
    const workers = Array.from({ length: Math.min(STAGED_MAX, sources.length) }, work);
    for (const worker of await Promise.allSettled(workers)) {
      if (worker.status === "rejected") throw worker.reason;
    }
    return { schema, staged };
  }

  /** A table that another writer made has no schema until its first file brings one. */
  async #schemaOf(
    { index, schema: known }: TableMeta,
    [source]: readonly string[],
  ): Promise<{ readonly schema: readonly LogicalField[]; readonly first?: BroughtFile }> {
    if (known !== undefined) return { schema: known };
    if (source === undefined) return { schema: [] };
    const first = await bringIn(this.#table.store, source, this.#made);
    const schema = schemaOfFile(first.footer, source);
    const mismatch = mismatchOfIndex(index, schema);
    if (mismatch !== undefined) {
      throw new StoreError("schema-mismatch", mismatch, { detail: `File: ${source}.` });
    }
    return { schema, first };
  }

  /** A fresh name, and the absolute path at which the caller writes the Parquet file itself. */
  async newFile(): Promise<{ readonly key: string; readonly path: string }> {
    const key = dataKey(randomUUID());
    this.#made.add(key);
    return { key, path: await this.#table.store.localPath(key) };
  }

  /** A file that was written to the path of `newFile`; undefined: it has no rows. */
  async take(meta: TableMeta, key: string, source: string): Promise<StagedFile | undefined> {
    const { store } = this.#table;
    const sizeBytes = (await store.stat(key))?.sizeBytes ?? 0;
    const footer = await readFooter(store, key, sizeBytes, source);
    const context = this.#context(meta, meta.schema ?? []);
    return await stage(context, { source, key, sizeBytes, footer });
  }

  /** The same file without the rows of covered buckets. */
  async without(
    meta: TableMeta,
    schema: readonly LogicalField[],
    staged: Pick<StagedFile, "key" | "sizeBytes" | "source">,
    covered: Coverage,
  ): Promise<StagedFile> {
    return await stageWithout(this.#context(meta, schema), staged, covered);
  }

  /** Writes the sidecar; the segment may be named once `done` has settled. */
  segment(meta: TableMeta, staged: StagedFile): StagedSegment & { readonly done: Promise<void> } {
    let sidecar = this.#sidecars.get(staged.key);
    if (sidecar === undefined) {
      const bytes = encodeCoverage(staged.coverage, meta.index.entityColumns.length > 0);
      const id = coverageId("segment", meta.index, bytes);
      // The same coverage twice in one statement is possible under "allow".
      sidecar = this.#write(segmentCoverageKey(id, randomUUID()), bytes);
      this.#sidecars.set(staged.key, sidecar);
    }
    return {
      meta: segmentMeta(staged, meta, sidecar.key),
      columns: staged.columns,
      coverage: staged.coverage,
      done: allOrThrow([sidecar.done, staged.durable]),
    };
  }

  /** The table's coverage as of a version. */
  tableCoverage({ index }: TableMeta, version: number, coverage: Coverage): Written {
    const bytes = encodeCoverage(coverage, index.entityColumns.length > 0);
    const id = coverageId("table", index, bytes);
    return this.#write(tableCoverageKey(version, id, randomUUID()), bytes);
  }

  #write(key: string, bytes: Uint8Array): Written {
    this.#made.add(key);
    const done = this.#table.store.putFresh(key, bytes);
    // Awaited with the others; until then its failure must not be an unhandled one.
    done.catch(() => undefined);
    return { key, done };
  }

  /** These files belong to the table now. */
  keep(keys: Iterable<string>): void {
    for (const key of keys) this.#used.add(key);
  }

  /** These segments belong to the table now, or to a transaction that removes them itself. */
  keepSegments(segments: Iterable<StagedSegment>): void {
    for (const { meta } of segments) this.keep([meta.path, meta.coveragePath ?? meta.path]);
  }

  /** Nobody knows whether a version names them. */
  keepAll(): void {
    this.keep(this.#made);
  }

  async removeUnused(): Promise<void> {
    await removeFiles(
      this.#table,
      [...this.#made].filter((key) => !this.#used.has(key)),
    );
  }
}

export function isOutcomeUnknown(cause: unknown): boolean {
  return cause instanceof StorageError && cause.reason === "outcome-unknown";
}

/** Files that no version names. Never throws: what cannot be removed waits for vacuum. */
export async function removeFiles(table: Table, keys: readonly string[]): Promise<void> {
  const removals = await Promise.allSettled(keys.map((key) => table.store.delete(key)));
  for (const removal of removals) {
    if (removal.status === "fulfilled") continue;
    log("warn", "staged file not removed", { cause: removal.reason });
  }
}

/** Waits for all, also when one fails: none may still be writing when the others are removed. */
export function allOrThrow(writes: readonly Promise<unknown>[]): Promise<void> {
  const all = Promise.allSettled(writes).then((results) => {
    for (const write of results) if (write.status === "rejected") throw write.reason;
  });
  all.catch(() => undefined);
  return all;
}
