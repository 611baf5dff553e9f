/** The rows that an UPDATE or DELETE finds, gathered in a row table. */

import { join } from "node:path";
import type { ChangePlan } from "../compile/change-plan.ts";
import { quoteText } from "../engine/quoting.ts";
import type { CursorRequest } from "../engine/request.ts";
import type { ColumnData, RowBlock } from "../table/row-block.ts";
import type { Segment } from "../table/segment.ts";
import { Oid } from "../types/oids.ts";
import type { Shape } from "../types/shape.ts";
import type { Execution } from "./execution.ts";
import type { HeldRows } from "./held-rows.ts";
import { requireNotNull } from "./not-null.ts";
import type { TouchedSegment } from "./segment-changes.ts";
import { concurrentChange } from "./settle-rows.ts";
import type { TstableEntry } from "./tables.ts";

const INT4: Shape = { typeOid: Oid.int4, typmod: -1, representation: { kind: "plain" } };
const INT8: Shape = { typeOid: Oid.int8, typmod: -1, representation: { kind: "plain" } };

/**
 * A row table with the source's columns, called c1, c2...; but c1 is the number of the segment
 * instead of its path.
 */
export class ChangedRows {
  readonly relation: string;
  readonly #plan: ChangePlan;
  readonly #execution: Execution;

  private constructor(relation: string, plan: ChangePlan, execution: Execution) {
    this.relation = relation;
    this.#plan = plan;
    this.#execution = execution;
  }

  /** The caller drops them. */
  static async create(plan: ChangePlan, execution: Execution): Promise<ChangedRows> {
    created += 1;
    const rows = new ChangedRows(`change_${created}`, plan, execution);
    const columns = rows.#columns.map((column, i) => ({ ...column, columnNumber: i + 1 }));
    await execution.services.engine.createRowTable(rows.relation, columns);
    return rows;
  }

  get #columns(): readonly { readonly typeOid: number; readonly typmod: number }[] {
    return this.#plan.source.columns.map(({ shape }, i) => (i === 0 ? INT4 : shape));
  }

  /** How many there are. `request` runs the plan's source. @throws SqlError 23502 */
  async find(
    request: CursorRequest,
    entry: TstableEntry,
    segments: readonly Segment[],
  ): Promise<number> {
    const { services, settings, signal } = this.#execution;
    const { engine } = services;
    const paths = segments.map(({ path }) => join(entry.directory, path));
    const numbered = {
      ...request,
      sql: withNumbers(request, paths, this.#execution.transaction.keepsOneWorld),
      shapes: [INT4, ...request.shapes.slice(1)],
    };
    let count = 0;
    const cursor = await engine.openBlocks(numbered, this.#columns, signal);
    try {
      for (;;) {
        const block = await cursor.next();
        if (block === undefined) return count;
        if (this.#plan.kind === "update") {
          requireNotNull(entry.info, newValues(this.#plan, block), settings.text);
        }
        await engine.appendRows(this.relation, [{ block, sequence: 1 }], signal);
        count += block.rows;
      }
    } finally {
      await cursor.close();
    }
  }

  /** @throws SqlError 40001 for rows that are in none */
  async bySegment(
    segments: readonly Segment[],
    entry: TstableEntry,
  ): Promise<readonly TouchedSegment[]> {
    const sql = `SELECT c1, count(*) FROM memory.main.${this.relation} GROUP BY c1 ORDER BY c1`;
    const { engine } = this.#execution.services;
    const [found] = await engine.run({ statements: [{ sql, shapes: [INT4, INT8] }] });
    const rows = found?.rows ?? [];
    if (rows.some(([number]) => number === null)) throw concurrentChange(entry);
    return rows.map(([number, count]) => ({
      segment: segments[Number(number)] as Segment,
      number: Number(number),
      rows: Number(count),
    }));
  }

  /** For the scan "changed" of RETURNING, which never reads a path. */
  held(): HeldRows {
    const names = this.#columns.map((_, i) =>
      i === 0 ? "CAST(NULL AS VARCHAR) AS c1" : `c${i + 1}`,
    );
    const sql = `(SELECT ${names.join(", ")} FROM memory.main.${this.relation})`;
    return { sql, rowsRelations: [] };
  }

  async drop(): Promise<void> {
    await this.#execution.services.engine.dropRowTable(this.relation);
  }
}

let created = 0;

/** Rows without a path are in no segment: newer than the statement, unless its world is older. */
function withNumbers(
  { sql, shapes }: CursorRequest,
  paths: readonly string[],
  isOldWorld: boolean,
): string {
  const names = shapes.map((_, i) => `c${i + 1}`);
  // An ENUM has at least one value.
  const type = `ENUM(${(paths.length === 0 ? [""] : paths).map(quoteText).join(", ")})`;
  const all = [`CAST(enum_code(CAST(c1 AS ${type})) AS INTEGER) AS c1`, ...names.slice(1)];
  const select = `SELECT ${all.join(", ")} FROM (${sql}\n) AS q(${names.join(", ")})`;
  return isOldWorld ? select : `${select} WHERE c1 IS NOT NULL`;
}

/** The table's columns with their new values. */
function newValues({ newValues: places }: ChangePlan, { rows, columns }: RowBlock): RowBlock {
  return { rows, columns: places.map(({ sourceColumn }) => columns[sourceColumn] as ColumnData) };
}
