/**
 * The key that rows of a time-series table may not repeat, as the catalogue declares it: a PRIMARY
 * KEY, a UNIQUE constraint or a unique index over the time and columns that may identify.
 */

import { SqlError } from "../base/errors.ts";
import type { TstableDefinition } from "../catalog/entry.ts";
import type { ShadowColumn, ShadowIndex, ShadowRelation } from "../postgres/relation.ts";
import type { KeyColumns } from "../table/block-keys.ts";
import { entityType, typeText } from "./column-types.ts";
import { placesOfKey } from "./key-columns.ts";
import { notBuilt } from "./utility.ts";

export interface RowKey {
  /** Of the constraint, or of the index. */
  readonly name: string;
  /** Column numbers, in the key's order. */
  readonly columns: readonly number[];
  /** These are the table's entity and its time. */
  readonly isEntity: boolean;
  /** Where they are in a row; what is not the time stands for the entity. */
  readonly keys: KeyColumns;
}

type Placed = Pick<TstableDefinition, "timeColumn" | "entityColumns">;

export function rowKeyOf(relation: ShadowRelation, placed: Placed): RowKey | undefined {
  const index = relation.indexes.find(({ isUnique }) => isUnique);
  if (index === undefined) return undefined;
  const others = index.columns.filter((number) => number !== placed.timeColumn);
  const { entityColumns } = placed;
  const isEntity =
    others.length === entityColumns.length && others.every((one) => entityColumns.includes(one));
  const keys = placesOfKey(relation.columns, {
    timeColumn: placed.timeColumn,
    entityColumns: isEntity ? entityColumns : others,
  });
  return { name: index.name, columns: index.columns, isEntity, keys };
}

/**
 * Columns of a new table's key that can be its entity: all but the time. undefined: not these, such
 * as numbers that are drawn, since each row would be an entity of its own.
 */
export function entityOfKey(relation: ShadowRelation, time: string): readonly string[] | undefined {
  const index = relation.indexes.find(({ isUnique }) => isUnique);
  const columns = index?.columns.map((number) => columnOf(relation, number)) ?? [];
  if (!columns.some((column) => column?.name === time)) return undefined;
  const others = columns.filter((column) => column?.name !== time);
  const isGiven = others.every((column) => column !== undefined && isGivenValue(column));
  return isGiven ? others.flatMap((column) => column?.name ?? []) : undefined;
}

/** Of a type that can identify, and no value that is made up row by row. */
function isGivenValue(column: ShadowColumn): boolean {
  const { identity, defaultText, sequenceOid } = column;
  if (identityRefusal(column) !== undefined) return false;
  return identity === null && sequenceOid === null && !/\w\(/.test(defaultText ?? "");
}

/** @throws SqlError 0A000 for a key that could not be kept */
export function requireKeepable(
  relation: ShadowRelation,
  placed: Placed & Pick<TstableDefinition, "grain">,
): void {
  const [index, another] = relation.indexes.filter(({ isUnique }) => isUnique);
  if (index === undefined) return;
  if (another !== undefined) throw notBuilt("more than one key of a time-series table");
  requirePlain(index);
  const time = columnOf(relation, placed.timeColumn);
  if (!index.columns.includes(placed.timeColumn)) {
    const listed = [time?.name, ...index.columns.map((one) => columnOf(relation, one)?.name)];
    throw new SqlError("0A000", "a key of a time-series table must include its time", {
      detail: `Key "${index.name}" lacks column "${time?.name}".`,
      hint: `Declare ${index.isPrimary ? "PRIMARY KEY" : "UNIQUE"} (${listed.join(", ")}).`,
    });
  }
  for (const number of index.columns) {
    const column = columnOf(relation, number);
    if (column === undefined || column === time) continue;
    requireIdentity(column);
  }
  const key = rowKeyOf(relation, placed);
  if (key?.isEntity === false && placed.grain !== "auto") {
    throw notBuilt("a grain in a table whose key is not its entity and its time");
  }
}

function requirePlain(index: ShadowIndex): void {
  if (index.expressions !== null) throw notBuilt("a unique index of an expression");
  if (index.predicate !== null) throw notBuilt("a partial unique index of a time-series table");
  if (!index.isImmediate) throw notBuilt("a DEFERRABLE key of a time-series table");
}

function identityRefusal({ name, typeOid, typmod }: ShadowColumn): SqlError | undefined {
  try {
    entityType({ name, typeOid, typmod, typeText: typeText(typeOid, typmod) });
    return undefined;
  } catch (cause) {
    if (cause instanceof SqlError) return cause;
    throw cause;
  }
}

function requireIdentity(column: ShadowColumn): void {
  const { name, typeOid, typmod, isNotNull } = column;
  const refusal = identityRefusal(column);
  if (refusal !== undefined) {
    const message = `key column "${name}" cannot be of type ${typeText(typeOid, typmod)}`;
    const { hint } = refusal.fields;
    throw new SqlError("0A000", message, hint === undefined ? {} : { hint });
  }
  if (isNotNull) return;
  throw new SqlError("0A000", `key column "${name}" of a time-series table may be NULL`, {
    hint: "Declare it NOT NULL.",
  });
}

function columnOf(relation: ShadowRelation, number: number): ShadowColumn | undefined {
  return relation.columns.find((column) => column.number === number);
}
