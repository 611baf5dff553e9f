/**
 * One table at one sequence: a snapshot, what the log changed since, and how far each generation of
 * hot rows counts. Immutable; what is derived from it is computed once.
 */

import { assert } from "../base/errors.ts";
import type { KeyColumns, RawBounds } from "./block-keys.ts";
import { type Coverage, unite } from "./coverage.ts";
import { coverageAfter } from "./coverage-after.ts";
import type { Generation } from "./generation.ts";
import type { HotRange } from "./hot-storage.ts";
import { foldItems, type ItemDelta } from "./item-fold.ts";
import type { ChangeItem, StagedSegment } from "./items.ts";
import type { PruneQuery } from "./pruning.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Table } from "./table.ts";

/** The first `count` items of a generation. */
export interface GenerationPart {
  readonly generation: Generation;
  readonly count: number;
}

export interface TableContent {
  readonly table: Table;
  readonly keys: KeyColumns;
  readonly snapshot: Snapshot;
  /** Up to this sequence the snapshot has everything. */
  readonly watermark: number;
  /** Above the watermark, in order. */
  readonly changes: readonly ChangeItem[];
  /** Oldest first. */
  readonly parts: readonly GenerationPart[];
}

export class TableWorld {
  readonly content: TableContent;
  #delta: ItemDelta | undefined;
  #coverage: Promise<Coverage> | undefined;
  #users = 1;

  constructor(content: TableContent) {
    this.content = content;
    for (const { generation } of content.parts) generation.retain();
  }

  retain(): void {
    this.#users += 1;
  }

  release(): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    for (const { generation } of this.content.parts) generation.release();
  }

  get delta(): ItemDelta {
    const { snapshot, changes } = this.content;
    this.#delta ??= foldItems(snapshot, changes);
    return this.#delta;
  }

  /** Hot rows that a query may need; their relations have them on return. */
  async ranges(query: PruneQuery): Promise<readonly HotRange[]> {
    const after = this.content.watermark;
    const ranges = this.content.parts.flatMap(({ generation, count }) => {
      const through = generation.lastSequence(count);
      if (count === 0 || through <= after || !mayMatch(generation, query)) return [];
      return [{ generation, through }];
    });
    await Promise.all(ranges.map(({ generation, through }) => generation.fillThrough(through)));
    return ranges.map(({ generation: { relation, isReplacing }, through }) => ({
      relation,
      after,
      through,
      ...(isReplacing && { isReplacing }),
    }));
  }

  /**
   * All hot rows, of each segment to be the ranges: of about so many bytes in memory, in the order
   * in which they came. What replaces others stays with them.
   */
  async rangesBySize(bytes: number): Promise<readonly (readonly HotRange[])[]> {
    const ranges = await this.ranges({});
    if (ranges.length === 0) return [];
    const sizes = ranges.map(({ relation, after, through }) =>
      this.#generation(relation).bytesOf(after, through),
    );
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const segments = Math.round(total / bytes);
    if (segments < 2 || ranges.some(({ isReplacing }) => isReplacing)) return [ranges];
    return ranges.flatMap((range) => {
      const { relation, after, through } = range;
      const cuts = this.#generation(relation).cuts(after, through, total / segments);
      const ends = [...cuts, through];
      return ends.map((end, i) => [{ ...range, after: ends[i - 1] ?? after, through: end }]);
    });
  }

  #generation(relation: string): Generation {
    const part = this.content.parts.find(({ generation }) => generation.relation === relation);
    assert(part !== undefined, "hot rows are of no generation");
    return part.generation;
  }

  /** Of each item's hot rows. */
  bounds(): readonly RawBounds[] {
    const after = this.content.watermark;
    return this.content.parts.flatMap(({ generation, count }) =>
      generation.boundsOf(Math.min(count, generation.countThrough(after)), count),
    );
  }

  /** How many hot rows there are. */
  get hotRows(): number {
    const after = this.content.watermark;
    return this.content.parts.reduce((sum, { generation, count }) => {
      const skipped = Math.min(count, generation.countThrough(after));
      return sum + generation.rowsOf(count) - generation.rowsOf(skipped);
    }, 0);
  }

  /** @throws StoreError "unreadable-coverage" */
  async coverage(): Promise<Coverage> {
    this.#coverage ??= coverageOfFold(this.content, this.delta);
    return await this.#coverage;
  }
}

/** @throws StoreError "unreadable-coverage" */
export async function coverageOfFold(content: TableContent, delta: ItemDelta): Promise<Coverage> {
  const { table, snapshot } = content;
  const changed = await Promise.all([
    ...delta.added.map((staged) => stagedCoverage(table, snapshot, staged)),
    ...delta.restored.map((segment) => table.segmentCoverage(snapshot, segment)),
  ]);
  const coverage = await coverageAfter(table, snapshot, delta.hidden, changed);
  return unite(coverage, hotCoverage(content));
}

export async function stagedCoverage(
  table: Table,
  snapshot: Snapshot,
  { meta, coverage }: StagedSegment,
): Promise<Coverage> {
  return coverage ?? (await table.segmentCoverage(snapshot, meta));
}

function hotCoverage({ parts, keys, snapshot, watermark }: TableContent): Coverage {
  let coverage: Coverage = [];
  for (const { generation, count } of parts) {
    const from = Math.min(count, generation.countThrough(watermark));
    const { kind } = snapshot.meta.index;
    coverage = unite(coverage, generation.coverage(from, count, keys, kind));
  }
  return coverage;
}

export function mayMatch({ bounds }: Generation, { min, max }: PruneQuery): boolean {
  if (bounds === undefined) return false;
  return (min === undefined || bounds.max >= min) && (max === undefined || bounds.min <= max);
}
