/**
 * The short way of UPDATE and DELETE by a unique key: the row is read once, looked at in memory,
 * and waits there for COMMIT. It never refuses: what it cannot pass, staging judges.
 */

import type { ChangePlan } from "../../compile/change-plan.ts";
import { blockReaders } from "../../engine/read-block.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import type { RowBlock } from "../../table/row-block.ts";
import type { Shape } from "../../types/shape.ts";
import type { Execution } from "../execution.ts";
import { readsByKey } from "../few-rows.ts";
import { PlanValues } from "../plan-values.ts";
import { bindPlan } from "../scan-binding.ts";
import { cursorRequest, release } from "../statements/select.ts";
import { referencesTo } from "./foreign-keys.ts";
import { RowHolder } from "./hold-rows.ts";
import type { PlainWrites } from "./writes.ts";

/** More are staged: casts may make a key mean several rows. */
const ROWS_MAX = 16;

/** The rows of the plan's source, which are changed now; undefined: they are to be staged. */
export async function holdChange(
  plan: ChangePlan,
  relation: ShadowRelation,
  execution: Execution,
  writes: PlainWrites,
): Promise<RowBlock | undefined> {
  const { source, kind } = plan;
  const [scan, ...others] = source.scans;
  const isByKey = scan !== undefined && others.length === 0 && readsByKey(scan, execution);
  if (!isByKey || plan.sequences.length > 0 || !writes.isUntouched(relation.oid)) return undefined;
  if (relation.columns.some(({ generated }) => generated !== null)) return undefined;
  const changed = kind === "update" ? new Set(plan.assigned) : undefined;
  if (isReferenced(relation, changed, execution)) return undefined;
  const holder = changed && RowHolder.of(relation, execution, writes, changed);
  if (kind === "update" && holder === undefined) return undefined;
  const block = await readRows(plan, execution);
  if (block === undefined || block.rows === 0) return block;
  const rows = newRows(plan, block);
  if (holder !== undefined && (await holder.keysOfClean(rows)) === undefined) return undefined;
  const shapes = source.columns.map(({ shape }) => shape);
  const rowids = identitiesOf(block, shapes, plan.identity[0] ?? 0);
  if (changed === undefined) writes.holdGone(relation, rowids);
  else writes.hold(relation, rows, [], { rowids, columns: changed });
  holder?.putOff();
  return block;
}

/** Whether rows elsewhere may point at what goes. `changed`: by an UPDATE, else all. */
export function isReferenced(
  { oid }: ShadowRelation,
  changed: ReadonlySet<number> | undefined,
  execution: Execution,
): boolean {
  return referencesTo(oid, execution).some(
    ({ key }) => changed === undefined || key.columns.some((one) => changed.has(one)),
  );
}

async function readRows(
  { source }: ChangePlan,
  execution: Execution,
): Promise<RowBlock | undefined> {
  const values = await PlanValues.of(source, execution);
  const bound = await bindPlan(source, values, execution);
  try {
    const formats = source.columns.map(() => 1 as const);
    const request = cursorRequest(source, values, bound, { ...execution, formats });
    const columns = source.columns.map(({ shape }) => shape);
    const { engine } = execution.services;
    return await engine.collect(request, columns, ROWS_MAX, execution.signal);
  } finally {
    release(bound);
  }
}

/** As the columns of the table. */
function newRows({ newValues }: ChangePlan, { rows, columns }: RowBlock): RowBlock {
  return { rows, columns: newValues.flatMap(({ sourceColumn }) => columns[sourceColumn] ?? []) };
}

/** What a column of a block says, whose columns are of these shapes. */
export function identitiesOf(
  block: RowBlock,
  shapes: readonly Shape[],
  position: number,
): bigint[] {
  const read = blockReaders(block, shapes)[position];
  return Array.from({ length: block.rows }, (_, row) => BigInt(read?.(row) as bigint));
}
