/** What ON CONFLICT DO UPDATE makes of the rows that are there: SET and WHERE over both rows. */

import { SqlError } from "../base/errors.ts";
import type { ChangePlan } from "../compile/change-plan.ts";
import type { Plan } from "../compile/plan.ts";
import { blockReaders } from "../engine/read-block.ts";
import { keyRowsOf } from "../table/block-keys.ts";
import { selectRows } from "../table/join-blocks.ts";
import type { RowBlock } from "../table/row-block.ts";
import type { Execution } from "./execution.ts";
import { requireNotNull } from "./not-null.ts";
import { PlanValues } from "./plan-values.ts";
import { bindPlan } from "./scan-binding.ts";
import { cursorRequest, release } from "./statements/select.ts";
import type { TstableEntry } from "./tables.ts";
import type { Changed, Upsert } from "./upsert.ts";

export class UpsertValues {
  readonly #plan: ChangePlan;
  readonly #update: Plan;
  readonly #entry: TstableEntry;
  readonly #execution: Execution;
  readonly #upsert: Upsert;

  constructor(
    plan: ChangePlan,
    update: Plan,
    entry: TstableEntry,
    execution: Execution,
    upsert: Upsert,
  ) {
    this.#plan = plan;
    this.#update = update;
    this.#entry = entry;
    this.#execution = execution;
    this.#upsert = upsert;
  }

  /** What SET and WHERE say. @throws SqlError 0A000 for another key, 23502 */
  async newValues(
    block: RowBlock,
  ): Promise<{ readonly places: readonly number[]; readonly values: RowBlock | undefined }> {
    const { services, settings, signal } = this.#execution;
    const { info } = this.#entry;
    const update = this.#update;
    const columns = info.columns.map(({ number }) => number);
    const held = [
      "f AS c1",
      "n AS c2",
      ...this.#list("e", 3),
      ...this.#list("x", columns.length + 3),
    ];
    const sql = `(SELECT ${held.join(", ")} FROM memory.main.${this.#upsert.pairs} ORDER BY n)`;
    const values = await PlanValues.of(update, this.#execution);
    const bound = await bindPlan(update, values, this.#execution, { sql, rowsRelations: [] });
    try {
      const formats = update.columns.map(() => 1 as const);
      const request = cursorRequest(update, values, bound, { ...this.#execution, formats });
      const shapes = update.columns.map(({ shape }) => shape);
      const { engine } = services;
      const all = await engine.collect(request, shapes, Number.MAX_SAFE_INTEGER, signal);
      if (all === undefined || all.rows === 0) return { places: [], values: undefined };
      const read = blockReaders(all, shapes)[1];
      const numbers = Array.from({ length: all.rows }, (_, row) => Number(read?.(row)));
      const order = [...numbers.keys()].sort(
        (a, b) => (numbers[a] as number) - (numbers[b] as number),
      );
      const sorted = selectRows(all, order);
      const made = { rows: sorted.rows, columns: sorted.columns.slice(2) };
      const places = order.map((at) => numbers[at] as number);
      requireNotNull(info, made, settings.text);
      this.#refuseOtherKeys(selectRows(block, places), made);
      return { places, values: made };
    } finally {
      release(bound);
    }
  }

  #list(prefix: string, first: number): readonly string[] {
    return this.#entry.info.columns.map(({ number }, at) => `${prefix}${number} AS c${first + at}`);
  }

  #refuseOtherKeys(before: RowBlock, after: RowBlock): void {
    const { info } = this.#entry;
    const { keys } = this.#execution.services.intake.table(info.oid).attachment;
    const [one, other] = [keyRowsOf(before, keys), keyRowsOf(after, keys)];
    for (let row = 0; row < before.rows; row += 1) {
      const isSame =
        one.ticks[row] === other.ticks[row] &&
        one.entities[one.entityOf[row] as number]?.key ===
          other.entities[other.entityOf[row] as number]?.key;
      if (isSame) continue;
      throw new SqlError("0A000", `the key of rows of "${info.name}" cannot be updated`, {
        hint: "Delete the rows and insert them anew.",
      });
    }
  }

  /** Of the updated rows, all columns of the table. */
  async oldValues({ places }: Changed): Promise<RowBlock | undefined> {
    const { services, settings } = this.#execution;
    const { columns } = this.#plan.source;
    const shapes = this.#plan.oldValues.flatMap(({ sourceColumn: at }) => columns[at]?.shape ?? []);
    const list = this.#plan.oldValues.map(({ columnNumber }) => `e${columnNumber}`).join(", ");
    const only = `n IN (${places.join(", ")})`;
    const request = {
      sql: `SELECT ${list} FROM memory.main.${this.#upsert.pairs} WHERE ${only} ORDER BY n`,
      parameters: [],
      rowsRelations: [],
      shapes,
      formats: shapes.map(() => 1 as const),
      text: settings.text,
      isSmall: false,
    };
    return await services.engine.collect(request, shapes, Number.MAX_SAFE_INTEGER);
  }
}
