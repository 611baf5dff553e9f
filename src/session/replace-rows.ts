/**
 * ON OVERLAP REPLACE of single rows: as if each row of the statement came by itself, in order, and
 * put in the place of whatever has its key.
 */

import { keyRowsOf } from "../table/block-keys.ts";
import { selectRows } from "../table/join-blocks.ts";
import { groupKeys } from "../table/key-rows.ts";
import type { RowBlock } from "../table/row-block.ts";
import type { Execution } from "./execution.ts";
import { boundOwnRows } from "./replaced-rows.ts";
import { reserveKeys } from "./row-keys.ts";
import { lockSegments, settleRows } from "./settle-rows.ts";
import type { TstableEntry } from "./tables.ts";
import { Upsert } from "./upsert.ts";
import { workOf } from "./work.ts";

/** @throws SqlError 40001, 40P01, 55P03 */
export async function replaceRows(
  entry: TstableEntry,
  given: RowBlock,
  execution: Execution,
): Promise<void> {
  const block = lastOfEachKey(entry, given, execution);
  const outcome = await reserveKeys(entry, block, "replace", execution);
  const work = await workOf(execution);
  const upsert = new Upsert(entry, work, execution);
  const existing = [...outcome.existing];
  if (existing.length === 0) {
    upsert.add(block, false);
    await boundOwnRows(entry, work, execution);
    return;
  }
  // Rows in memory hide others of their key only where no key is there twice.
  const isUnique = entry.rowKey !== undefined;
  if (!isUnique) {
    await lockSegments(entry, work, execution);
    await settleRows(entry, work, execution);
  }
  try {
    const all = (rows: RowBlock, found: ReadonlyMap<number, unknown>) => {
      const places = [...found.keys()].sort((a, b) => a - b);
      return Promise.resolve({ places, values: selectRows(rows, places) });
    };
    const changed = await upsert.change(block, existing, outcome, {
      ofPairs: all,
      ofMet: async (rows, { found }) => await all(rows, found),
    });
    const fresh = [...outcome.fresh, ...changed.missing].sort((a, b) => a - b);
    upsert.add(selectRows(block, fresh), false);
    if (changed.values !== undefined) upsert.add(changed.values, isUnique);
    await boundOwnRows(entry, work, execution);
  } finally {
    await upsert.drop();
  }
}

function lastOfEachKey({ info }: TstableEntry, block: RowBlock, { services }: Execution): RowBlock {
  const { keys } = services.intake.table(info.oid).attachment;
  const { repeated } = groupKeys(keyRowsOf(block, keys));
  if (repeated.length === 0) return block;
  const last = new Map<number, number>();
  for (const { row, first } of repeated) last.set(first, row);
  const dropped = new Set([...last.keys(), ...repeated.map(({ row }) => row)]);
  for (const row of last.values()) dropped.delete(row);
  const all = Array.from({ length: block.rows }, (_, row) => row);
  return selectRows(
    block,
    all.filter((row) => !dropped.has(row)),
  );
}
