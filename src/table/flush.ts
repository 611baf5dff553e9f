/**
 * A flush: one version that publishes everything the log decided for a table up to a sequence. The
 * version itself says so, so nothing is published twice, whatever dies when.
 */

import { log } from "../base/telemetry.ts";
import { overlapOf, unite } from "./coverage.ts";
import { coverageAfter } from "./coverage-after.ts";
import { StoreError } from "./error.ts";
import type { Action } from "./format.ts";
import type { HotTable } from "./hot-table.ts";
import { foldItems, type ItemDelta, metaOf } from "./item-fold.ts";
import type { StagedSegment } from "./items.ts";
import { newColumns } from "./physical-columns.ts";
import { ORIGINS } from "./segment.ts";
import type { Snapshot } from "./snapshot.ts";
import { allOrThrow, isOutcomeUnknown, Staging } from "./staging.ts";
import type { Proposal } from "./table.ts";
import type { TableWorld } from "./table-world.ts";

export interface FlushOptions {
  /** Everything up to here is published; all of it is installed. */
  readonly through: number;
  /** Makes the log durable up to `through`. */
  readonly syncLog: () => Promise<void>;
  /** Rows of about so many bytes in memory make a segment; undefined: as many as there are. */
  readonly segmentBytes?: number | undefined;
}

type Written = StagedSegment & { readonly done: Promise<void> };

/** One at a time for a table. @throws StoreError, StorageError, and what the ports throw */
export async function flushTable(hot: HotTable, options: FlushOptions): Promise<void> {
  const { table, files } = hot.attachment;
  const world = hot.cut(options.through);
  const staging = new Staging(table, files);
  try {
    await new Flush(hot, world, staging, options).run();
    if (!hot.isDetached) hot.published(options.through);
  } catch (cause) {
    if (isOutcomeUnknown(cause)) {
      // A version may name these files: they must stay. If it is there, the next flush must know.
      staging.keepAll();
      await table.refresh().catch(() => undefined);
    }
    throw cause;
  } finally {
    world.release();
    await staging.removeUnused();
  }
}

class Flush {
  readonly #hot: HotTable;
  readonly #world: TableWorld;
  readonly #staging: Staging;
  readonly #options: FlushOptions;

  constructor(hot: HotTable, world: TableWorld, staging: Staging, options: FlushOptions) {
    this.#hot = hot;
    this.#world = world;
    this.#staging = staging;
    this.#options = options;
  }

  async run(): Promise<void> {
    const synced = this.#options.syncLog();
    synced.catch(() => undefined);
    const rows = await this.#writeRows();
    await synced;
    await this.#hot.table.commit(async (head) => await this.#plan(head, rows));
  }

  /** The hot rows as segments. */
  async #writeRows(): Promise<readonly Written[]> {
    const { storage } = this.#hot.attachment;
    const { meta } = this.#world.content.snapshot;
    const { segmentBytes = Number.POSITIVE_INFINITY } = this.#options;
    const written: Written[] = [];
    for (const ranges of await this.#world.rangesBySize(segmentBytes)) {
      const { key, path } = await this.#staging.newFile();
      await storage.write(ranges, path);
      const staged = await this.#staging.take(meta, key, ORIGINS.hot);
      if (staged !== undefined) written.push(this.#staging.segment(meta, staged));
    }
    return written;
  }

  async #plan(head: Snapshot, rows: readonly Written[]): Promise<Proposal> {
    const { table } = this.#hot;
    if (this.#hot.watermark(head) !== this.#world.content.watermark) {
      // An earlier flush, told to have failed, has happened: these rows would be there twice.
      throw new StoreError("version-taken", "a version of this server came before a flush");
    }
    const delta = foldItems(head, this.#world.content.changes);
    const changed = await Promise.all([
      ...delta.added.map(async (staged) => {
        return staged.coverage ?? (await table.segmentCoverage(head, staged.meta));
      }),
      ...delta.restored.map((segment) => table.segmentCoverage(head, segment)),
    ]);
    const decided = await coverageAfter(table, head, delta.hidden, changed);
    await this.#logOddities(head, delta);
    const coverage = rows.reduce((sum, one) => unite(sum, one.coverage ?? []), decided);
    const file = this.#staging.tableCoverage(head.meta, head.version + 1, coverage);
    const added = [...delta.added, ...rows];
    const columns = newColumns(head, added);
    const actions: readonly Action[] = [
      ...[...delta.hidden].map((path) => ({ kind: "remove-segment", path }) as const),
      ...delta.restored.map((one) => ({ kind: "add-segment", segment: metaOf(one) }) as const),
      ...added.map(({ meta }) => ({ kind: "add-segment", segment: meta }) as const),
      { kind: "update-coverage", indexKind: head.meta.index.kind, coveragePath: file.key },
    ];
    return {
      actions,
      own: {
        operation: "FLUSH",
        upto: this.#options.through,
        ...(columns !== undefined && { columns }),
      },
      ready: allOrThrow([file.done, ...rows.map(({ done }) => done)]),
      coverage,
      onPublished: () => {
        this.#staging.keep([file.key]);
        this.#staging.keepSegments(rows);
      },
    };
  }

  /** What another writer did against a decision of ours is told, not refused. */
  async #logOddities(head: Snapshot, delta: ItemDelta): Promise<void> {
    const { location } = this.#hot.table.store;
    if (delta.undone.length > 0) {
      log("warn", "versions of another writer undone by a flush", {
        table: location,
        versions: delta.undone,
      });
    }
    if (delta.added.length === 0) return;
    const others = await coverageAfter(this.#hot.table, head, delta.hidden, []);
    for (const { meta, coverage } of delta.added) {
      const overlap = coverage && overlapOf(others, coverage);
      if (overlap === undefined) continue;
      const { path } = meta;
      log("warn", "overlap published", { table: location, path, buckets: overlap.count });
    }
  }
}
