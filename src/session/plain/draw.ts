/** Columns of staged rows that a sequence fills: nextval, SERIAL and IDENTITY. */

import type { SequenceColumn } from "../../compile/change-plan.ts";
import type { Execution } from "../execution.ts";
import { drawMany } from "./sequences.ts";
import { INT8, type Staged, stagedColumn } from "./staged.ts";

/** In the order of rows, one column after the other. @throws SqlError 2200H, 22003 */
export async function drawForRows(
  columns: readonly SequenceColumn[],
  { table, rows }: Staged,
  execution: Execution,
): Promise<void> {
  if (rows === 0) return;
  const { plain, engine } = execution.services;
  for (const { sourceColumn, sequenceOid, when } of columns) {
    const name = stagedColumn(sourceColumn);
    const isDrawn = when === undefined ? "true" : stagedColumn(when);
    const count = `SELECT count(*) FROM ${table} WHERE ${isDrawn}`;
    const wanted = when === undefined ? rows : Number((await plain.number({ sql: count })) ?? 0n);
    if (wanted === 0) continue;
    const runs = await drawMany(sequenceOid, wanted, execution);
    const number = `(SELECT rowid AS n, row_number() OVER (ORDER BY rowid) - 1 AS i FROM ${table} WHERE ${isDrawn})`;
    const statements = runs.map(({ from, first, increment, count: length }) => ({
      sql:
        `UPDATE ${table} SET ${name} = ${first} + (q.i - ${from}) * ${increment}` +
        ` FROM ${number} AS q WHERE ${table}.rowid = q.n` +
        ` AND q.i >= ${from} AND q.i < ${from + length}`,
      shapes: [INT8],
    }));
    await engine.run({ statements }, execution.signal);
  }
}
