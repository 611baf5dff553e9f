/**
 * INSERT ... ON CONFLICT DO UPDATE into a time-series table. The rows that are there are found in
 * memory first, then in segments; their new values go in as rows that hide hot ones, and what was
 * in a segment is taken out of it.
 */

import type { ChangePlan } from "../../compile/change-plan.ts";
import type { Plan } from "../../compile/plan.ts";
import { joinBlocks, selectRows } from "../../table/join-blocks.ts";
import type { ColumnData, RowBlock } from "../../table/row-block.ts";
import type { Execution } from "../execution.ts";
import { requireNotNull } from "../not-null.ts";
import { boundOwnRows } from "../replaced-rows.ts";
import { reserveKeys } from "../row-keys.ts";
import type { TstableEntry } from "../tables.ts";
import { requireRows } from "../tstable-writes.ts";
import { type Changed, Upsert } from "../upsert.ts";
import { UpsertValues } from "../upsert-values.ts";
import { workOf } from "../work.ts";

/**
 * `source` has the columns of the plan's source. Gives the rows that were inserted or updated, in
 * order, as RETURNING shows them. @throws SqlError 21000, 23502, 0A000, 40001, 40P01, 55P03
 */
export async function upsertRows(
  plan: ChangePlan,
  update: Plan,
  entry: TstableEntry,
  source: RowBlock,
  execution: Execution,
): Promise<RowBlock> {
  requireRows(entry);
  if (source.rows === 0) return source;
  const given = targetOf(plan, source);
  requireNotNull(entry.info, given, execution.settings.text);
  const outcome = await reserveKeys(entry, given, "replace", execution);
  const work = await workOf(execution);
  const clashing = [...outcome.existing, ...outcome.repeated.map(({ row }) => row)];
  const upsert = new Upsert(entry, work, execution);
  const making = new UpsertValues(plan, update, entry, execution, upsert);
  try {
    const rows = clashing.sort((a, b) => a - b);
    const changed = rows.length === 0 ? NOTHING : await upsert.change(given, rows, outcome, making);
    const known = new Set([...outcome.fresh, ...changed.missing]);
    const inserted = [...known].sort((a, b) => a - b);
    upsert.add(selectRows(given, inserted), false);
    const { values, rows: updated } = changed;
    if (values !== undefined) upsert.add(values, true);
    await boundOwnRows(entry, work, execution);
    if (plan.returning === undefined) {
      return { rows: inserted.length + updated.length, columns: [] };
    }
    const fresh = selectRows(source, inserted);
    if (values === undefined) return fresh;
    const old = plan.oldValues.length === 0 ? undefined : await making.oldValues(changed);
    const shown = shownRows(plan, selectRows(source, updated), values, old);
    const all = [...inserted, ...updated];
    const order = [...all.keys()].sort((a, b) => (all[a] as number) - (all[b] as number));
    return selectRows(joinBlocks([fresh, shown]), order);
  } finally {
    await upsert.drop();
  }
}

const NOTHING: Changed = { missing: [], rows: [], places: [], values: undefined };

function targetOf({ newValues }: ChangePlan, { rows, columns }: RowBlock): RowBlock {
  return { rows, columns: newValues.flatMap(({ sourceColumn }) => columns[sourceColumn] ?? []) };
}

/** Updated rows in the columns of the source. */
function shownRows(
  { newValues, oldValues }: ChangePlan,
  source: RowBlock,
  values: RowBlock,
  old: RowBlock | undefined,
): RowBlock {
  const columns = [...source.columns];
  newValues.forEach(({ sourceColumn }, at) => {
    columns[sourceColumn] = values.columns[at] as ColumnData;
  });
  oldValues.forEach(({ sourceColumn }, at) => {
    columns[sourceColumn] = old?.columns[at] as ColumnData;
  });
  return { rows: source.rows, columns };
}
