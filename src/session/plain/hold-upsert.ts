/**
 * The short way of INSERT ... ON CONFLICT of one row: the row that it meets is found and its new
 * values are computed by one query. It never refuses: what it cannot pass, staging judges.
 */

import type { ChangePlan, OnConflict } from "../../compile/change-plan.ts";
import type { Plan } from "../../compile/plan.ts";
import { blockReaders } from "../../engine/read-block.ts";
import type { EngineParameter } from "../../engine/request.ts";
import type { ShadowIndex, ShadowRelation } from "../../postgres/relation.ts";
import type { RowBlock } from "../../table/row-block.ts";
import type { SqlValue } from "../../types/value.ts";
import type { Execution } from "../execution.ts";
import type { HeldRows } from "../held-rows.ts";
import { PlanValues } from "../plan-values.ts";
import { bindPlan } from "../scan-binding.ts";
import { cursorRequest, release } from "../statements/select.ts";
import { usedParameters } from "../used-parameters.ts";
import { arbitersOf } from "./arbiters.ts";
import { canBePassed, passedText, passedValue } from "./held-values.ts";
import { identitiesOf, isReferenced } from "./hold-changes.ts";
import { holdRows, isComparable, RowHolder } from "./hold-rows.ts";
import { comparableColumn, existingRows, isSimple } from "./keys.ts";
import { columnName, ROW_IDENTITY } from "./physical.ts";
import type { PlainWrites } from "./writes.ts";

const NO_COLUMNS: ReadonlySet<number> = new Set();
/** Of one row it meets one. */
const ROWS_MAX = 1;

/** The row as it is now, whether new or changed; undefined: it is to be staged. @throws 42P10 */
export async function holdUpsert(
  { onConflict }: ChangePlan,
  made: RowBlock,
  relation: ShadowRelation,
  execution: Execution,
  writes: PlainWrites,
): Promise<RowBlock | undefined> {
  if (onConflict === undefined || made.rows !== 1) return undefined;
  const [arbiter, ...others] = arbitersOf(onConflict, relation);
  const { update } = onConflict;
  if (update !== undefined && arbiter !== undefined && others.length === 0) {
    const met = { update, arbiter, onConflict };
    const changed = await changeMet(met, made, relation, execution, writes);
    if (changed === "staged") return undefined;
    if (changed !== undefined) return changed;
  }
  return (await holdRows(made, relation, execution, writes)) ? made : undefined;
}

interface Meeting {
  readonly update: Plan;
  readonly arbiter: ShadowIndex;
  readonly onConflict: OnConflict;
}

/** undefined: it meets no row, or none that the update wants. */
async function changeMet(
  { update, arbiter, onConflict }: Meeting,
  made: RowBlock,
  relation: ShadowRelation,
  execution: Execution,
  writes: PlainWrites,
): Promise<RowBlock | "staged" | undefined> {
  const changed = new Set(onConflict.assigned);
  const holder = RowHolder.of(relation, execution, writes, changed);
  const isPlain =
    isSimple(arbiter) &&
    isComparable(relation, arbiter.columns) &&
    relation.columns.every(canBePassed) &&
    update.scans.every(({ kind }) => kind === "conflicts");
  if (holder === undefined || !isPlain || !writes.isUntouched(relation.oid)) return "staged";
  if (isReferenced(relation, changed, execution)) return "staged";
  // What is proposed must be a row of the table, whatever becomes of it.
  const proposed = RowHolder.of(relation, execution, writes, NO_COLUMNS);
  if ((await proposed?.keysOfClean(made)) === undefined) return "staged";
  const found = await computeUpdate(update, arbiter, made, relation, execution, writes);
  if (found === undefined) return "staged";
  if (found.rows === 0) return undefined;
  const row = { rows: found.rows, columns: found.columns.slice(1, 1 + relation.columns.length) };
  if ((await holder.keysOfClean(row)) === undefined) return "staged";
  const shapes = update.columns.map(({ shape }) => shape);
  writes.hold(relation, row, [], { rowids: identitiesOf(found, shapes, 0), columns: changed });
  holder.putOff();
  return row;
}

/** The identity of the row that is there, then its new values. */
async function computeUpdate(
  update: Plan,
  arbiter: ShadowIndex,
  made: RowBlock,
  relation: ShadowRelation,
  execution: Execution,
  writes: PlainWrites,
): Promise<RowBlock | undefined> {
  const { columns } = relation;
  const readers = blockReaders(made, columns);
  const row = readers.map((cell): SqlValue => cell(0) ?? null);
  const values = await PlanValues.of(update, execution);
  const first = values.parameters.length + 1;
  const own: EngineParameter[] = columns.map((column, at) => passedValue(column, row[at] ?? null));
  const held = meeting(arbiter, relation, first, execution, writes);
  const bound = await bindPlan(update, values, execution, held);
  try {
    const shapes = update.columns.map(({ shape }) => shape);
    const formats = shapes.map(() => 1 as const);
    const request = {
      ...cursorRequest(update, values, bound, { ...execution, formats }),
      ...usedParameters(bound.sql, [...values.parameters, ...own]),
      isSmall: true,
      isRepeated: true,
    };
    const { engine } = execution.services;
    return await engine.collect(request, shapes, ROWS_MAX, execution.signal);
  } finally {
    release(bound);
  }
}

/** The rows that one meets whose values are parameters from `first` on: what DO UPDATE reads. */
function meeting(
  arbiter: ShadowIndex,
  relation: ShadowRelation,
  first: number,
  execution: Execution,
  writes: PlainWrites,
): HeldRows {
  const { columns } = relation;
  const all = columns.map(({ number }) => number);
  const own = new Map(columns.map((column, at) => [column.number, passedText(column, first + at)]));
  const there = existingRows(relation, all, execution, writes);
  const list = [
    `${ROW_IDENTITY} AS c1`,
    ...all.map((number, at) => `${columnName(number)} AS c${at + 2}`),
    ...all.map((number, at) => `${own.get(number)} AS c${at + 2 + all.length}`),
  ];
  const key = arbiter.columns.map(
    (number) => `${comparableColumn(relation, number)} = ${own.get(number)}`,
  );
  const sql = `(SELECT ${list.join(", ")} FROM ${there.from} WHERE ${key.join(" AND ")})`;
  return { sql, rowsRelations: [] };
}
