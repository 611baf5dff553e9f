/**
 * The rows of one statement's change before anything is applied: computed once into a private
 * table, where they are checked, counted and read again for RETURNING.
 */

import type { ChangePlan, ViewCheck } from "../../compile/change-plan.ts";
import { storedShape } from "../../compile/duckdb-types.ts";
import type { Plan } from "../../compile/plan.ts";
import type { ShadowColumn, ShadowRelation } from "../../postgres/relation.ts";
import type { RowBlock } from "../../table/row-block.ts";
import { Oid } from "../../types/oids.ts";
import type { Shape } from "../../types/shape.ts";
import type { SqlValue } from "../../types/value.ts";
import type { Execution } from "../execution.ts";
import type { HeldRows } from "../held-rows.ts";
import { PlanValues } from "../plan-values.ts";
import { bindPlan } from "../scan-binding.ts";
import { release } from "../statements/select.ts";
import { usedParameters } from "../used-parameters.ts";
import { privateTable } from "./physical.ts";

export const INT8: Shape = { typeOid: Oid.int8, typmod: -1, representation: { kind: "plain" } };

/** Its rows are numbered by `rowid` from 0 in the order the statement made them. */
export interface Staged {
  readonly relation: ShadowRelation;
  /** Qualified name. */
  readonly table: string;
  readonly rows: number;
  /** Where the identity of the changed row stands; undefined for new rows. */
  readonly identity: string | undefined;
  /** By column number: where the new value stands. Empty for a delete. */
  readonly newValues: ReadonlyMap<number, string>;
  /** Of the views through which the rows come. */
  readonly checks?: readonly ViewCheck[];
}

export interface StagedChange {
  readonly staged: Staged;
  /** Its table may become the transaction's own. */
  readonly mayBeKept?: true;
  /** Columns that an UPDATE may have changed; undefined: rows are new or go. */
  readonly changed: ReadonlySet<number> | undefined;
}

/** The columns of a plan are c1, c2... there. */
export function stagedColumn(position: number): string {
  return `c${position + 1}`;
}

/** Computes a plan's rows into a new private table; the caller drops it. */
export async function stagePlan(
  plan: Plan,
  execution: Execution,
  held?: HeldRows,
): Promise<{ readonly table: string; readonly rows: number }> {
  const { engine, plain } = execution.services;
  const values = await PlanValues.of(plan, execution);
  const bound = await bindPlan(plan, values, execution, held);
  const table = privateTable(plain.privateName());
  try {
    const { sql, parameters } = usedParameters(bound.sql, values.parameters);
    const create = { sql: `CREATE TABLE ${table} AS ${sql}`, parameters, shapes: [INT8] };
    const results = await plain.dropping(
      async (drops) =>
        await engine.run(
          {
            statements: [...drops.map((drop) => ({ sql: drop })), create],
            rowsRelations: bound.rowsRelations,
            timeZone: execution.settings.text.timeZone,
          },
          execution.signal,
        ),
    );
    return { table, rows: Number(results.at(-1)?.rows[0]?.[0] ?? 0) };
  } finally {
    release(bound);
  }
}

/** Rows that were made without a query, in columns c1, c2...; the caller drops the table. */
export async function stageBlock(
  block: RowBlock,
  columns: readonly Pick<ShadowColumn, "typeOid" | "typmod">[],
  { services, signal }: Execution,
): Promise<{ readonly table: string; readonly rows: number }> {
  const { engine, plain } = services;
  const name = plain.privateName();
  const numbered = columns.map(({ typeOid, typmod }, index) => ({
    columnNumber: index + 1,
    typeOid,
    typmod,
  }));
  await plain.dropping(
    async (drops) => await engine.stageRows(name, numbered, block, drops, signal),
  );
  return { table: privateTable(name), rows: block.rows };
}

export function newValueColumns(plan: ChangePlan): ReadonlyMap<number, string> {
  return new Map(
    plan.newValues.map(({ columnNumber, sourceColumn }) => [
      columnNumber,
      stagedColumn(sourceColumn),
    ]),
  );
}

/** The new value of a column as SQL over the staged table. */
export function newValue({ newValues }: Staged, columnNumber: number): string {
  return newValues.get(columnNumber) ?? "NULL";
}

/** One staged row, as the target's columns stand in it. */
export async function stagedValues(
  staged: Staged,
  row: number,
  columns: readonly ShadowColumn[],
  { services, signal }: Execution,
): Promise<readonly SqlValue[]> {
  if (columns.length === 0) return [];
  const list = columns.map(({ number }) => newValue(staged, number)).join(", ");
  const shapes = columns.map(({ typeOid, typmod }) => storedShape(typeOid, typmod));
  const sql = `SELECT ${list} FROM ${staged.table} WHERE rowid = ${row}`;
  const [result] = await services.engine.run({ statements: [{ sql, shapes }] }, signal);
  return result?.rows[0] ?? [];
}
