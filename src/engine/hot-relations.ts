/** One table's rows in memory: relations for each generation, and their way into Parquet. */

import type { RowBlock } from "../table/row-block.ts";
import type { RowRange } from "./bindings.ts";
import type { RowTableColumn, WriteRequest } from "./protocol.ts";
import { quoteName } from "./quoting.ts";
import type { Engine } from "./remote.ts";
import { diskExpression } from "./stored-expressions.ts";

/** A column of the table, and its name in files. */
export interface HotColumn extends RowTableColumn {
  readonly diskName: string;
}

/** What the table is now. */
export interface HotTableShape {
  readonly columns: readonly HotColumn[];
  readonly timeColumn: number;
  /** In identity order. */
  readonly entityColumns: readonly number[];
  readonly codec: Pick<WriteRequest, "compression" | "level">;
}

export class HotRelations {
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

  async append(
    relation: string,
    parts: readonly { readonly block: RowBlock; readonly sequence: number }[],
  ): Promise<void> {
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
    const rows = await this.#engine.bindTable(named, [], ranges);
    const selected = named.map(({ name, diskName, number, typeOid, typmod }) => {
      const isTime = number === timeColumn;
      return `${diskExpression(name, { typeOid, typmod, isTime })} AS ${quoteName(diskName)}`;
    });
    const order = [...entityColumns, timeColumn].map((number) => `c${number}`).join(", ");
    const sql = `SELECT ${selected.join(", ")} FROM ${rows} AS r ORDER BY ${order}`;
    const cursor = { sql, parameters: [], rowsRelations: [], text: { timeZone: "UTC" } };
    await this.#engine.write({ cursor, path: target, ...codec }, signal);
  }
}
