/** What ON CONFLICT DO UPDATE makes of the rows that are there: SET and WHERE over both rows. */

import { assert, SqlError } from "../base/errors.ts";
import type { ChangePlan } from "../compile/change-plan.ts";
import type { Plan } from "../compile/plan.ts";
import type { TypedColumn } from "../engine/bound-types.ts";
import { blockReaders } from "../engine/read-block.ts";
import type { EngineParameter } from "../engine/request.ts";
import { keyRowsOf } from "../table/block-keys.ts";
import { selectRows } from "../table/join-blocks.ts";
import type { ColumnData, RowBlock } from "../table/row-block.ts";
import { Oid } from "../types/oids.ts";
import type { Execution } from "./execution.ts";
import { isRepeated } from "./few-rows.ts";
import { type HeldRows, heldRows } from "./held-rows.ts";
import type { MetRows } from "./met-rows.ts";
import { requireNotNull } from "./not-null.ts";
import { canBePassed, passedText, passedValue } from "./plain/held-values.ts";
import { PlanValues } from "./plan-values.ts";
import { bindPlan } from "./scan-binding.ts";
import { cursorRequest, release } from "./statements/select.ts";
import type { TstableEntry } from "./tables.ts";
import type { Changed, Made, NewValues, Upsert } from "./upsert.ts";
import { usedParameters } from "./used-parameters.ts";

/** More values than this are not parameters of a query. */
const PARAMETERS_MAX = 500;

const NOTHING: Made = { places: [], values: undefined };

export class UpsertValues implements NewValues {
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
  async ofPairs(block: RowBlock): Promise<Made> {
    const columns = this.#entry.info.columns.map(({ number }) => number);
    const held = [
      "f AS c1",
      "n AS c2",
      ...this.#list("e", 3),
      ...this.#list("x", columns.length + 3),
    ];
    const sql = `(SELECT ${held.join(", ")} FROM memory.main.${this.#upsert.pairs} ORDER BY n)`;
    return await this.#computed(block, () => ({ sql, rowsRelations: [] }));
  }

  /** As `ofPairs`; without the engine where values are only taken over. */
  async ofMet(block: RowBlock, met: MetRows): Promise<Made> {
    const { copied } = this.#plan.onConflict ?? {};
    const places = [...met.found.keys()];
    if (places.length === 0) return NOTHING;
    if (copied === undefined) return await this.#ofHeld(block, met);
    const given = selectRows(block, places);
    const columns = copied.map(({ from, index }) => {
      return (from === "excluded" ? given : met.block).columns[index] as ColumnData;
    });
    return this.#checked(block, { places, values: { rows: places.length, columns } });
  }

  async #ofHeld(block: RowBlock, met: MetRows): Promise<Made> {
    const { columns } = this.#entry.info;
    const number: TypedColumn = { typeOid: Oid.int8, typmod: -1 };
    const [mine, theirs] = [blockReaders(block, columns), blockReaders(met.block, columns)];
    const rows = [...met.found].map(([n, at]) => [
      BigInt(n),
      ...theirs.map((cell) => cell(at)),
      ...mine.map((cell) => cell(n)),
    ]);
    const types = [number, ...columns, ...columns];
    if (columns.every(canBePassed) && rows.length * types.length <= PARAMETERS_MAX) {
      const parameters = rows.flatMap((row) =>
        types.map((type, at) => passedValue(type, row[at] ?? null)),
      );
      const held = (first: number) => passedRows(types, rows.length, first);
      return await this.#computed(block, held, parameters);
    }
    const scan = this.#update.scans.find(({ kind }) => kind === "conflicts");
    assert(scan?.kind === "conflicts", "an update of conflicts reads none");
    const withoutPath = rows.map((row) => [null, ...row]);
    return await this.#computed(block, () => heldRows(scan.columns, withoutPath), []);
  }

  /** `few`: parameters of `held`, from the number that it is given on. */
  async #computed(
    block: RowBlock,
    held: (first: number) => HeldRows,
    few?: readonly EngineParameter[],
  ): Promise<Made> {
    const { services, signal } = this.#execution;
    const update = this.#update;
    const values = await PlanValues.of(update, this.#execution);
    const rows = held(values.parameters.length + 1);
    const bound = await bindPlan(update, values, this.#execution, rows);
    try {
      const formats = update.columns.map(() => 1 as const);
      const request = {
        ...cursorRequest(update, values, bound, { ...this.#execution, formats }),
        ...usedParameters(bound.sql, [...values.parameters, ...(few ?? [])]),
        ...(few !== undefined && { isSmall: true, isRepeated: isRepeated(bound) }),
      };
      const shapes = update.columns.map(({ shape }) => shape);
      const { engine } = services;
      const all = await engine.collect(request, shapes, Number.MAX_SAFE_INTEGER, signal);
      if (all === undefined || all.rows === 0) return NOTHING;
      const read = blockReaders(all, shapes)[1];
      const numbers = Array.from({ length: all.rows }, (_, row) => Number(read?.(row)));
      const order = [...numbers.keys()].sort(
        (a, b) => (numbers[a] as number) - (numbers[b] as number),
      );
      const sorted = selectRows(all, order);
      const made = { rows: sorted.rows, columns: sorted.columns.slice(2) };
      return this.#checked(block, {
        places: order.map((at) => numbers[at] as number),
        values: made,
      });
    } finally {
      release(bound);
    }
  }

  #checked(block: RowBlock, made: Made & { readonly values: RowBlock }): Made {
    requireNotNull(this.#entry.info, made.values, this.#execution.settings.text);
    this.#refuseOtherKeys(selectRows(block, made.places), made.values);
    return made;
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
  async oldValues({ places, old }: Changed): Promise<RowBlock | undefined> {
    const { services, settings } = this.#execution;
    if (old !== undefined) {
      const at = (number: number) => this.#entry.info.columns.findIndex((c) => c.number === number);
      const columns = this.#plan.oldValues.map(({ columnNumber }) => old.columns[at(columnNumber)]);
      return { rows: old.rows, columns: columns as ColumnData[] };
    }
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

/** Rows of parameters from number `first` on, as the scan "conflicts" has them. */
function passedRows(types: readonly TypedColumn[], rows: number, first: number): HeldRows {
  const selects = Array.from({ length: rows }, (_, row) => {
    const values = types.map((type, at) => {
      return `${passedText(type, first + row * types.length + at)} AS c${at + 2}`;
    });
    return `SELECT CAST(NULL AS VARCHAR) AS c1, ${values.join(", ")}`;
  });
  return { sql: `(${selects.join(" UNION ALL ")})`, rowsRelations: [] };
}
