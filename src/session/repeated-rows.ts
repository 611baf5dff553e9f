/** What becomes of rows whose key (entity, time) a time-series table has already. */

import { SqlError } from "../base/errors.ts";
import { keyRowsOf, tickScaleOf } from "../table/block-keys.ts";
import { type KeyRows, rawOfTick } from "../table/key-rows.ts";
import type { KeyOutcome } from "../table/keys.ts";
import type { RowBlock } from "../table/row-block.ts";
import { encodeText } from "../types/codec.ts";
import type { Execution } from "./execution.ts";
import { reserveKeys, rowKeyColumns } from "./row-keys.ts";
import type { TstableEntry } from "./tables.ts";
import { valueOfRaw } from "./time-axis.ts";

export type RepeatPolicy = "reject" | "skip" | "replace" | "allow";

/** Rows may not repeat a key: one is declared, or the table's grain is the row. */
export function hasRowKey({ definition, rowKey }: TstableEntry): boolean {
  return rowKey !== undefined || definition.grain === "row";
}

/**
 * The numbers of the rows that go in, their keys reserved; undefined: all.
 * @throws SqlError 23505, 40P01, 55P03
 */
export async function rowsWithoutRepeats(
  entry: TstableEntry,
  block: RowBlock,
  policy: Exclude<RepeatPolicy, "replace">,
  execution: Execution,
): Promise<Uint32Array | undefined> {
  const outcome = await reserveKeys(entry, block, policy, execution);
  const first = firstRepeat(outcome);
  if (first === undefined) return undefined;
  if (policy === "reject") {
    const keys = rowKeyColumns(entry, execution.services);
    throw repeatedKey(entry, keyRowsOf(block, keys), first, execution);
  }
  return outcome.fresh;
}

/** The statement's word, else the session's, else the table's. @throws SqlError 22023 */
export function chosenPolicy(
  { definition }: TstableEntry,
  stated: string | undefined,
  { settings }: Execution,
): RepeatPolicy {
  const chosen = stated ?? settings.chosen("tstable.on_overlap") ?? definition.overlap;
  if (isPolicy(chosen)) return chosen;
  throw new SqlError("22023", `invalid overlap policy "${chosen}"`);
}

function isPolicy(word: string): word is RepeatPolicy {
  return word === "reject" || word === "skip" || word === "replace" || word === "allow";
}

/** `stated`: what the statement says. A declared key always holds; at GRAIN BUCKET the policy speaks of buckets. */
export function keyPolicy(
  entry: TstableEntry,
  stated: RepeatPolicy | undefined,
  execution: Execution,
): RepeatPolicy {
  const { definition, rowKey } = entry;
  const chosen = chosenPolicy(entry, stated, execution);
  if (definition.grain === "bucket") return chosen === "skip" ? "skip" : "reject";
  if (chosen === "replace") requireEntityKey(entry, "ON OVERLAP REPLACE");
  return chosen === "allow" && rowKey !== undefined ? "reject" : chosen;
}

/** Rows are put in the place of others by entity and time. @throws SqlError 0A000 */
export function requireEntityKey({ rowKey }: TstableEntry, what: string): void {
  if (rowKey === undefined || rowKey.isEntity) return;
  const message = `${what} is not supported for a key that is not the entity and the time`;
  throw new SqlError("0A000", message, {
    detail: `Key "${rowKey.name}" has other columns than the entity of its table.`,
    hint: "Declare them as ENTITY when the table is created, or use DELETE and INSERT.",
  });
}

function firstRepeat({ existing, repeated }: KeyOutcome): number | undefined {
  const rows = [existing[0], repeated[0]?.row].filter((row) => row !== undefined);
  return rows.length === 0 ? undefined : Math.min(...rows);
}

/** `file`: whose row it is. */
export function repeatedKey(
  entry: TstableEntry,
  { entities, entityOf, ticks }: KeyRows,
  row: number,
  { services, settings }: Execution,
  file?: string,
): SqlError {
  const { info, definition, axis, rowKey } = entry;
  const keys = rowKeyColumns(entry, services);
  const time = valueOfRaw(axis, rawOfTick(tickScaleOf(keys), ticks[row] as bigint));
  const entity = entities[entityOf[row] as number]?.entity ?? [];
  const values = new Map([
    ...keys.entities.map(({ column }, at) => [column, String(entity[at]?.value)] as const),
    [keys.time.column, time === null ? "null" : encodeText(time, axis.typeOid, settings.text)],
  ]);
  const shown = rowKey?.columns ?? [...definition.entityColumns, definition.timeColumn];
  const places = shown.map((one) => info.columns.findIndex(({ number }) => number === one));
  const names = places.map((at) => info.columns[at]?.name);
  const constraint = rowKey?.name ?? `${info.name}_row_key`;
  return new SqlError("23505", `duplicate key value violates unique constraint "${constraint}"`, {
    detail:
      `Key (${names.join(", ")})=(${places.map((at) => values.get(at)).join(", ")}) already exists.` +
      (file === undefined ? "" : ` File: ${file}.`),
    schema: info.schema,
    table: info.name,
    constraint,
  });
}
