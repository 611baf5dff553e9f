/** Rows and segments for a time-series table, into the transaction that writes them. */

import { SqlError } from "../base/errors.ts";
import { isWritable } from "../engine/disk-types.ts";
import type { StagedSegment } from "../table/items.ts";
import { selectRows } from "../table/join-blocks.ts";
import type { RowBlock } from "../table/row-block.ts";
import { SCHEMA_VERSION } from "./attachment.ts";
import { BucketRows } from "./bucket-rows.ts";
import type { Execution } from "./execution.ts";
import { hasRowKey, keyPolicy, type RepeatPolicy, rowsWithoutRepeats } from "./repeated-rows.ts";
import { replaceRows } from "./replace-rows.ts";
import { boundOwnRows } from "./replaced-rows.ts";
import { lockKeys, shareKeys } from "./row-keys.ts";
import type { TstableEntry } from "./tables.ts";
import { workOf } from "./work.ts";
import { requireWritable } from "./write-rules.ts";

/**
 * One statement's rows. `block` has the table's columns in order, in their bound types; what is
 * declared NOT NULL has been checked. The rows are there for the transaction's own statements at
 * once. `onRepeat`: what the statement says of rows that the table has already.
 * @returns the numbers of the rows that went in; undefined: all
 * @throws SqlError 25006, 0A000, 23505, 23P01; StoreError "null-time", "null-entity",
 * "invalid-range"
 */
export async function insertRows(
  entry: TstableEntry,
  block: RowBlock,
  execution: Execution,
  onRepeat?: RepeatPolicy,
): Promise<Uint32Array | undefined> {
  requireWritable("INSERT", execution);
  requireRows(entry);
  if (block.rows === 0) return undefined;
  const buckets = BucketRows.of(entry, onRepeat, execution);
  if (buckets === undefined) return await addRows(entry, block, execution, onRepeat);
  const outside = await buckets.take(block);
  await buckets.finish();
  if (outside === undefined) return await addRows(entry, block, execution, onRepeat);
  const added = await addRows(entry, selectRows(block, outside), execution, onRepeat);
  return added === undefined ? outside : added.map((at) => outside[at] as number);
}

/** Rows whose buckets have been looked at, as `insertRows`. */
export async function addRows(
  entry: TstableEntry,
  block: RowBlock,
  execution: Execution,
  onRepeat?: RepeatPolicy,
): Promise<Uint32Array | undefined> {
  if (block.rows === 0) return undefined;
  await shareKeys(entry, execution);
  const policy = hasRowKey(entry) ? keyPolicy(entry, onRepeat, execution) : undefined;
  if (policy === "replace") {
    await replaceRows(entry, block, execution);
    return undefined;
  }
  const kept = policy && (await rowsWithoutRepeats(entry, block, policy, execution));
  const rows = kept === undefined ? block : selectRows(block, kept);
  if (rows.rows === 0) return kept;
  const work = await workOf(execution);
  const { oid } = entry.info;
  const hot = execution.services.intake.table(oid);
  work.items.add(hot, { kind: "rows", tableId: oid, schemaVersion: SCHEMA_VERSION, block: rows });
  await boundOwnRows(entry, work, execution);
  return kept;
}

/**
 * Durable files that are the table's once the transaction commits, and removed if it does not.
 * Where rows must not repeat a key, the caller has checked them.
 */
export async function insertSegments(
  entry: TstableEntry,
  added: readonly StagedSegment[],
  execution: Execution,
): Promise<void> {
  requireWritable("INSERT", execution);
  if (added.length === 0) return;
  await (hasRowKey(entry) ? lockKeys : shareKeys)(entry, execution);
  const work = await workOf(execution);
  const { oid } = entry.info;
  const hot = execution.services.intake.table(oid);
  work.items.add(hot, { kind: "segments", tableId: oid, removed: [], added });
}

/** Rows, and not only files. @throws SqlError 0A000 */
export function requireRows({ info, axis, entityTypes, table }: TstableEntry): void {
  const { schema = [] } = table.snapshot.meta;
  const isForeign = schema.find(({ type, nullable }) => !nullable || !isWritable(type));
  if (isForeign !== undefined) {
    throw new SqlError("0A000", `rows of "${info.name}" cannot be written one by one`, {
      detail: `Another writer registered its column "${isForeign.name}" in its own way.`,
      hint: "Use APPEND PARQUET.",
    });
  }
  const names = new Set(info.columns.map((column) => column.name.toLowerCase()));
  if (names.size < info.columns.length) {
    throw new SqlError("0A000", `rows of "${info.name}" cannot be written one by one`, {
      detail: "Names of its columns differ in case alone.",
      hint: "Use APPEND PARQUET.",
    });
  }
  if (axis.kind.type === "u_int64" || entityTypes.includes("uint64")) {
    throw new SqlError("0A000", `rows of "${info.name}" cannot be written one by one`, {
      hint: "Its keys are unsigned integers of another writer: use APPEND PARQUET.",
    });
  }
}
