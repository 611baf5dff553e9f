/**
 * How a time-series table takes rows: what the store must know of its columns, and where they go.
 */

import { HotRelations, type HotTableShape } from "../engine/hot-relations.ts";
import type { Engine } from "../engine/remote.ts";
import type { Attachment } from "../table/hot-table.ts";
import { codecOf } from "./codec-option.ts";
import { placesOfKey } from "./key-columns.ts";
import type { TstableEntry } from "./tables.ts";

/** Columns of a tstable do not change. */
export const SCHEMA_VERSION = 1;

export function attachmentOf(entry: TstableEntry, engine: Engine): Attachment {
  const columns = tableShape(entry).columns;
  const storage = new HotRelations(
    engine,
    () => columns,
    () => tableShape(entry),
  );
  const keys = placesOfKey(entry.info.columns, entry.definition);
  return { table: entry.table, storage, files: engine, keys };
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
