/** RETURNING over rows that the session holds in memory. */

import type { ChangePlan } from "../compile/change-plan.ts";
import type { Plan } from "../compile/plan.ts";
import { blockReaders } from "../engine/read-block.ts";
import type { RowBlock } from "../table/row-block.ts";
import type { Execution } from "./execution.ts";
import { heldRows } from "./held-rows.ts";
import { type RowSource, rowsOfValues } from "./row-source.ts";
import { openRows } from "./statements/select.ts";

/** `block` has the columns of the plan's source. */
export async function returningRows(
  plan: ChangePlan,
  returning: Plan,
  block: RowBlock,
  execution: Execution,
): Promise<RowSource> {
  const { columns } = plan.source;
  const readers = blockReaders(
    block,
    columns.map(({ shape }) => shape),
  );
  const rowsOf = (positions: readonly number[]) =>
    Array.from({ length: block.rows }, (_, row) =>
      positions.map((position) => readers[position]?.(row) ?? null),
    );
  if (plan.returningColumns === undefined) {
    const held = heldRows(columns, rowsOf([...columns.keys()]));
    return await openRows(returning, execution, held);
  }
  const shown = returning.columns.map(({ shape }, index) => ({
    typeOid: shape.typeOid,
    format: execution.formats[index] ?? 0,
  }));
  return rowsOfValues(rowsOf(plan.returningColumns), shown, execution.settings.text);
}
