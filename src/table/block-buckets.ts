/** Which buckets the rows of a block lie in, and which of the rows lie in given ones. */

import { CoverageBuilder, type KeyColumns, keyRowsOf, keysOf, tickScaleOf } from "./block-keys.ts";
import { bucketOf } from "./buckets.ts";
import { type Coverage, runsOfEntity } from "./coverage.ts";
import type { IndexKind } from "./format.ts";
import { rawOfTick } from "./key-rows.ts";
import type { RowBlock } from "./row-block.ts";
import { clip } from "./runs.ts";

/** @throws StoreError "null-time", "null-entity" */
export function coverageOfBlock(block: RowBlock, columns: KeyColumns, kind: IndexKind): Coverage {
  const builder = new CoverageBuilder(columns, kind);
  builder.add(keysOf(block, columns));
  return builder.done();
}

/** Numbers of the rows that lie in none of `buckets`, ascending. */
export function rowsOutside(
  buckets: Coverage,
  block: RowBlock,
  columns: KeyColumns,
  kind: IndexKind,
): Uint32Array {
  const { rows, entities, entityOf, ticks } = keyRowsOf(block, columns);
  const scale = tickScaleOf(columns);
  const inside = entities.map(({ entity }) => {
    const runs = runsOfEntity(buckets, entity);
    const known = new Map<bigint, boolean>();
    return (bucket: bigint) => {
      const isIn = known.get(bucket) ?? clip(runs, bucket, bucket).length > 0;
      known.set(bucket, isIn);
      return isIn;
    };
  });
  const kept: number[] = [];
  for (let row = 0; row < rows; row += 1) {
    const bucket = bucketOf(kind, rawOfTick(scale, ticks[row] as bigint));
    if (inside[entityOf[row] as number]?.(bucket) !== true) kept.push(row);
  }
  return Uint32Array.from(kept);
}
