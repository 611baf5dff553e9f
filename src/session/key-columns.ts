/** Where a table's time and the columns that identify a row stand in a block, and as what. */

import type { KeyColumns } from "../table/block-keys.ts";
import type { EntityType, TimeType } from "../table/key-cells.ts";
import { Oid } from "../types/oids.ts";

const TIME_TYPES: ReadonlyMap<number, TimeType> = new Map([
  [Oid.timestamp, "micros"],
  [Oid.timestamptz, "micros"],
  [Oid.date, "days"],
  [Oid.int2, "int16"],
  [Oid.int4, "int32"],
  [Oid.int8, "int64"],
]);

const ENTITY_TYPES: ReadonlyMap<number, EntityType> = new Map([
  [Oid.uuid, "uuid"],
  [Oid.int2, "int16"],
  [Oid.int4, "int32"],
  [Oid.int8, "int64"],
]);

export function placesOfKey(
  columns: readonly { readonly number: number; readonly typeOid: number }[],
  key: { readonly timeColumn: number; readonly entityColumns: readonly number[] },
): KeyColumns {
  const at = (number: number) => columns.findIndex((column) => column.number === number);
  const typeOf = (place: number) => columns[place]?.typeOid ?? 0;
  const time = at(key.timeColumn);
  return {
    time: { column: time, type: TIME_TYPES.get(typeOf(time)) ?? "micros" },
    entities: key.entityColumns.map(at).map((column) => ({
      column,
      type: ENTITY_TYPES.get(typeOf(column)) ?? "utf8",
    })),
  };
}
