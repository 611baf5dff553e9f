/**
 * Files into a table: staged, checked against the schema and against each other, and published as
 * one version, whatever their number. A refused append removes what it staged; a crash leaves files
 * that no version names.
 */

import { randomUUID } from "node:crypto";
import { log } from "../base/telemetry.ts";
import { StorageError } from "../storage/error.ts";
import {
  type AppendedFile,
  type Decision,
  newCells,
  report,
  segmentMeta,
} from "./append-report.ts";
import { type Coverage, countPairs, NO_COVERAGE, overlapOf, unite } from "./coverage.ts";
import { coverageId, encodeCoverage } from "./coverage-file.ts";
import { CoverageOverlapError, StoreError } from "./error.ts";
import {
  type Action,
  type LogicalField,
  segmentCoverageKey,
  type TableMeta,
  tableCoverageKey,
} from "./format.ts";
import { type FoundOverlap, factsOf } from "./overlap.ts";
import { schemaOfFile } from "./parquet-fit.ts";
import { mismatchOfIndex } from "./schema.ts";
import type { SegmentFiles } from "./segment-files.ts";
import type { Snapshot } from "./snapshot.ts";
import {
  type BroughtFile,
  bringIn,
  type StageContext,
  type StagedFile,
  stage,
  stageWithout,
} from "./stage.ts";
import type { Proposal, Table } from "./table.ts";

export interface AppendRequest {
  /** Absolute paths, in the order in which they are to be reported. */
  readonly files: readonly string[];
  readonly overlap: "reject" | "skip" | "allow";
  /** Write narrower numbers in the table's types instead of refusing them. */
  readonly widens?: boolean;
  /** Everything but the commit. */
  readonly isDryRun?: boolean;
  /** What the version is called in the history. */
  readonly operation?: string;
}

export interface AppendResult {
  /** The table afterwards. */
  readonly snapshot: Snapshot;
  /** undefined: nothing was published. */
  readonly version: number | undefined;
  readonly files: readonly AppendedFile[];
  /** Newly covered buckets by entity. */
  readonly cells: () => Coverage;
}

/** Files staged at a time. */
const STAGED_MAX = 4;

/**
 * @throws CoverageOverlapError under "reject"; StoreError of the schema, of null keys, of the log;
 * StorageError; what the port throws
 */
export async function appendFiles(
  table: Table,
  files: SegmentFiles,
  request: AppendRequest,
  signal?: AbortSignal,
): Promise<AppendResult> {
  const append = new Append(table, files, request, signal);
  let isUnknown = false;
  try {
    return await append.run();
  } catch (cause) {
    // A version may name these files: they must stay.
    isUnknown = cause instanceof StorageError && cause.reason === "outcome-unknown";
    throw cause;
  } finally {
    if (!isUnknown) await append.removeUnused();
  }
}

class Append {
  readonly #table: Table;
  readonly #files: SegmentFiles;
  readonly #request: AppendRequest;
  readonly #signal: AbortSignal | undefined;
  readonly #made = new Set<string>();
  readonly #used = new Set<string>();
  /** Sidecars written so far, by the segment's key. */
  readonly #sidecars = new Map<string, { readonly key: string; readonly done: Promise<void> }>();
  #decisions: readonly Decision[] = [];

  constructor(
    table: Table,
    files: SegmentFiles,
    request: AppendRequest,
    signal: AbortSignal | undefined,
  ) {
    this.#table = table;
    this.#files = files;
    this.#request = request;
    this.#signal = signal;
  }

  async run(): Promise<AppendResult> {
    const before = await this.#table.refresh();
    const { context, staged } = await this.#stageAll(before);
    const after = await this.#table.commit(
      async (head) => await this.#plan(head, context, staged),
      this.#signal,
    );
    const version = after?.version;
    return {
      snapshot: after ?? this.#table.snapshot,
      version,
      files: this.#decisions.map((decision) => report(decision, version)),
      cells: () => newCells(version === undefined ? [] : this.#decisions),
    };
  }

  async #stageAll(head: Snapshot): Promise<{
    readonly context: StageContext;
    readonly staged: readonly (readonly [source: string, staged: StagedFile | undefined])[];
  }> {
    const { store } = this.#table;
    const sources = this.#request.files;
    const { schema, first } = await this.#schemaOf(head);
    const context: StageContext = {
      store,
      files: this.#files,
      index: head.meta.index,
      schema,
      widens: this.#request.widens ?? false,
      made: this.#made,
      signal: this.#signal,
    };
    const staged: (readonly [string, StagedFile | undefined])[] = new Array(sources.length);
    let next = 0;
    const work = async () => {
      while (next < sources.length) {
        const at = next;
        next += 1;
        const source = sources[at] as string;
        this.#signal?.throwIfAborted();
        const brought =
          at === 0 && first !== undefined ? first : await bringIn(store, source, this.#made);
        staged[at] = [source, await stage(context, brought)];
      }
    };
    // All of them, even when one fails: what is still being written could not be removed.
    const workers = Array.from({ length: Math.min(STAGED_MAX, sources.length) }, work);
    for (const worker of await Promise.allSettled(workers)) {
      if (worker.status === "rejected") throw worker.reason;
    }
    return { context, staged };
  }

  /** A table that another writer made has no schema until its first file brings one. */
  async #schemaOf(head: Snapshot): Promise<{
    readonly schema: readonly LogicalField[];
    readonly first?: BroughtFile;
  }> {
    if (head.meta.schema !== undefined) return { schema: head.meta.schema };
    const [source] = this.#request.files;
    if (source === undefined) return { schema: [] };
    const first = await bringIn(this.#table.store, source, this.#made);
    const schema = schemaOfFile(first.footer, source);
    const mismatch = mismatchOfIndex(head.meta.index, schema);
    if (mismatch !== undefined) {
      throw new StoreError("schema-mismatch", mismatch, { detail: `File: ${source}.` });
    }
    return { schema, first };
  }

  async #plan(
    head: Snapshot,
    context: StageContext,
    files: readonly (readonly [string, StagedFile | undefined])[],
  ): Promise<Proposal | undefined> {
    const { schema } = head.meta;
    if (schema !== undefined && JSON.stringify(schema) !== JSON.stringify(context.schema)) {
      throw new StoreError("version-taken", "the table's schema was changed during the append");
    }
    let coverage = await this.#table.coverage(head);
    const decisions: Decision[] = [];
    const overlaps: FoundOverlap[] = [];
    for (const [source, original] of files) {
      const overlap = original && overlapOf(coverage, original.coverage);
      if (overlap !== undefined && this.#request.overlap === "reject") {
        overlaps.push({
          source,
          overlap,
          earlier: decisions.flatMap(({ staged }) => staged ?? []),
        });
      }
      let staged = original;
      if (original !== undefined && overlap !== undefined && this.#request.overlap === "skip") {
        const isAll = overlap.count === countPairs(original.coverage);
        staged = isAll ? undefined : await stageWithout(context, original, overlap.pairs);
      }
      const { count = 0n, pairs: covered = NO_COVERAGE } = overlap ?? {};
      decisions.push({ source, staged, original, overlapBuckets: count, covered });
      if (staged !== undefined) coverage = unite(coverage, staged.coverage);
    }
    if (overlaps.length > 0) {
      throw new CoverageOverlapError(await factsOf(this.#table, head, overlaps));
    }
    this.#decisions = decisions;
    const added = decisions.flatMap(({ staged }) => staged ?? []);
    if (added.length === 0 || this.#request.isDryRun === true) return undefined;
    return this.#propose(head, context, added, coverage);
  }

  #propose(
    head: Snapshot,
    context: StageContext,
    added: readonly StagedFile[],
    coverage: Coverage,
  ): Proposal {
    const { index } = head.meta;
    const uuid = randomUUID();
    const bytes = encodeCoverage(coverage, index.entityColumns.length > 0);
    const tableKey = tableCoverageKey(head.version + 1, coverageId("table", index, bytes), uuid);
    const writes = [this.#write(tableKey, bytes)];
    const actions: Action[] = [];
    const used = [tableKey];
    const columns: Record<string, StagedFile["columns"]> = {};
    if (head.meta.schema === undefined) {
      const meta: TableMeta = { ...head.meta, schema: context.schema };
      actions.push({ kind: "update-meta", meta });
    }
    for (const staged of added) {
      const sidecar = this.#sidecarOf(staged, head, uuid);
      writes.push(sidecar.done, staged.durable);
      used.push(staged.key, sidecar.key);
      if (!head.history.columns.has(staged.columnsId)) columns[staged.columnsId] = staged.columns;
      actions.push({ kind: "add-segment", segment: segmentMeta(staged, head, sidecar.key) });
    }
    actions.push({ kind: "update-coverage", indexKind: index.kind, coveragePath: tableKey });
    const own = {
      operation: this.#request.operation ?? "APPEND",
      ...(Object.keys(columns).length > 0 && { columns }),
    };
    const onPublished = () => {
      for (const key of used) this.#used.add(key);
    };
    return { actions, own, ready: allSettledOrThrow(writes), coverage, onPublished };
  }

  #sidecarOf(
    staged: StagedFile,
    head: Snapshot,
    uuid: string,
  ): { readonly key: string; readonly done: Promise<void> } {
    let sidecar = this.#sidecars.get(staged.key);
    if (sidecar === undefined) {
      const { index } = head.meta;
      const bytes = encodeCoverage(staged.coverage, index.entityColumns.length > 0);
      // The same coverage twice in one statement is possible under "allow".
      const name = this.#sidecars.size === 0 ? uuid : randomUUID();
      const key = segmentCoverageKey(coverageId("segment", index, bytes), name);
      sidecar = { key, done: this.#write(key, bytes) };
      this.#sidecars.set(staged.key, sidecar);
    }
    return sidecar;
  }

  #write(key: string, bytes: Uint8Array): Promise<void> {
    this.#made.add(key);
    const done = this.#table.store.putFresh(key, bytes);
    // Awaited with the others; until then its failure must not be an unhandled one.
    done.catch(() => undefined);
    return done;
  }

  async removeUnused(): Promise<void> {
    const unused = [...this.#made].filter((key) => !this.#used.has(key));
    const removals = await Promise.allSettled(unused.map((key) => this.#table.store.delete(key)));
    for (const removal of removals) {
      if (removal.status === "fulfilled") continue;
      // No version names the file, so it can wait for vacuum.
      log("warn", "staged file not removed", { cause: removal.reason });
    }
  }
}

/** Waits for all, also when one fails: none may still be writing when the others are removed. */
async function allSettledOrThrow(writes: readonly Promise<void>[]): Promise<void> {
  for (const write of await Promise.allSettled(writes)) {
    if (write.status === "rejected") throw write.reason;
  }
}
