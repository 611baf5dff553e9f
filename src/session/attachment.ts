/**
 * How a time-series table takes rows: what the store must know of its columns, and where they go.
 */

import { HotRelations, type HotTableShape } from "../engine/hot-relations.ts";
import type { Engine } from "../engine/remote.ts";
import type { KeyColumns } from "../table/block-keys.ts";
import type { Attachment } from "../table/hot-table.ts";
import type { EntityType, TimeType } from "../table/key-cells.ts";
import { Oid } from "../types/oids.ts";
import { codecOf } from "./codec-option.ts";
import type { TstableEntry } from "./tables.ts";

/** Columns of a tstable do not change. */
export const SCHEMA_VERSION = 1;

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

export function attachmentOf(entry: TstableEntry, engine: Engine): Attachment {
  const columns = tableShape(entry).columns;
  const storage = new HotRelations(
    engine,
    () => columns,
    () => tableShape(entry),
  );
  return { table: entry.table, storage, files: engine, keys: keyColumns(entry) };
}

/** How rows of the table are written to files. */
export function tableShape({ info, definition, table }: TstableEntry): HotTableShape {
  const { schema = [] } = table.snapshot.meta;
  const columns = info.columns.map(({ number, name, typeOid, typmod }) => {
    const diskType = schema.find((field) => field.name === name)?.type;
    const column = { columnNumber: number, diskName: name, typeOid, typmod };
    return diskType === undefined ? column : { ...column, diskType };
  });
  return {
    columns,
    timeColumn: definition.timeColumn,
    entityColumns: definition.entityColumns,
    codec: codecOf(definition.compression),
  };
}

function keyColumns({ info, definition, entityColumns }: TstableEntry): KeyColumns {
  const at = (number: number) => info.columns.findIndex((column) => column.number === number);
  const time = at(definition.timeColumn);
  return {
    time: { column: time, type: TIME_TYPES.get(info.columns[time]?.typeOid ?? 0) ?? "micros" },
    entities: definition.entityColumns.map((number, index) => ({
      column: at(number),
      type: ENTITY_TYPES.get(entityColumns[index]?.typeOid ?? 0) ?? "utf8",
    })),
  };
}
