/** One table's rows in memory: relations for each generation, and their way into Parquet. */

import type { LogicalType } from "../table/format.ts";
import type { HotPart, HotStorage, MergeRequest } from "../table/hot-storage.ts";
import type { RowRange } from "./bindings.ts";
import { typeText } from "./disk-types.ts";
import type { RowTableColumn, WriteRequest } from "./protocol.ts";
import { quoteName } from "./quoting.ts";
import type { Engine } from "./remote.ts";
import { type DiskColumn, diskExpression } from "./stored-expressions.ts";

/** A column of the table, and its name in files. */
export interface HotColumn extends RowTableColumn {
  readonly diskName: string;
  /** As registered, where another writer chose it. */
  readonly diskType?: LogicalType;
}

/** What the table is now. */
export interface HotTableShape {
  readonly columns: readonly HotColumn[];
  readonly timeColumn: number;
  /** In identity order. */
  readonly entityColumns: readonly number[];
  readonly codec: Pick<WriteRequest, "compression" | "level">;
}

export class HotRelations implements HotStorage {
  readonly #engine: Engine;
  readonly #columnsAt: (schemaVersion: number) => readonly RowTableColumn[];
  readonly #shape: () => HotTableShape;

  /** @param columnsAt what rows of a schema version have, in column order */
  constructor(
    engine: Engine,
    columnsAt: (schemaVersion: number) => readonly RowTableColumn[],
    shape: () => HotTableShape,
  ) {
    this.#engine = engine;
    this.#columnsAt = columnsAt;
    this.#shape = shape;
  }

  async create(relation: string, schemaVersion: number): Promise<void> {
    await this.#engine.createRowTable(relation, this.#columnsAt(schemaVersion));
  }

  async append(relation: string, parts: readonly HotPart[]): Promise<void> {
    await this.#engine.appendRows(relation, parts);
  }

  async drop(relation: string): Promise<void> {
    await this.#engine.dropRowTable(relation);
  }

  /** Sorted by identity and time, in the types of the table's files. */
  async write(ranges: readonly RowRange[], target: string, signal?: AbortSignal): Promise<void> {
    const { columns, timeColumn, entityColumns, codec } = this.#shape();
    const named = columns.map((column) => ({
      ...column,
      number: column.columnNumber,
      name: `c${column.columnNumber}`,
    }));
    const rows = await this.#engine.bindTable(named, [], ranges, {
      keys: [...entityColumns, timeColumn],
    });
    const selected = named.map((column) => {
      const isTime = column.number === timeColumn;
      return `${storedExpression(column.name, { ...column, isTime })} AS ${quoteName(column.diskName)}`;
    });
    const order = [...entityColumns, timeColumn].map((number) => `c${number}`).join(", ");
    const sql = `SELECT ${selected.join(", ")} FROM ${rows} AS r ORDER BY ${order}`;
    const cursor = { sql, parameters: [], rowsRelations: [], text: { timeZone: "UTC" } };
    await this.#engine.write({ cursor, path: target, ...codec }, signal);
  }

  async merge(request: MergeRequest, signal?: AbortSignal): Promise<void> {
    await this.#engine.mergeFiles({ ...request, ...this.#shape().codec }, signal);
  }
}

/** A value of the bound type as the table's files have it. */
export function storedExpression(
  expression: string,
  column: DiskColumn & Pick<HotColumn, "diskName" | "diskType">,
): string {
  const stored = diskExpression(expression, column);
  const { diskType, diskName } = column;
  return diskType === undefined ? stored : `CAST(${stored} AS ${typeText(diskType, diskName)})`;
}
