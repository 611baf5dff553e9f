/** COPY FROM ... WHERE: the rows of a block that the condition is true of. */

import { assert } from "../../base/errors.ts";
import type { RelationInfo } from "../../compile/plan.ts";
import { boundShape } from "../../engine/stored-expressions.ts";
import type { RowBlock } from "../../table/row-block.ts";
import { withContext } from "../../types/copy/context.ts";
import type { Execution } from "../execution.ts";
import { requireNotNull } from "../not-null.ts";
import { overRows } from "../plain/over.ts";
import { columnName, privateTable } from "../plain/physical.ts";
import { relationOf } from "../plain/relation.ts";
import type { CopyFrom } from "./copy-statement.ts";

/** @throws SqlError 23502, 0A000, and what computing it throws */
export async function filterBlock(
  block: RowBlock,
  copy: CopyFrom & { readonly where: string },
  info: RelationInfo,
  execution: Execution,
): Promise<RowBlock> {
  const { engine, plain } = execution.services;
  const name = plain.privateName();
  const table = privateTable(name);
  await engine.createRowTable(
    name,
    info.columns.map((column) => ({ ...column, columnNumber: column.number })),
  );
  try {
    await engine.appendRows(name, [{ block, sequence: 1 }], execution.signal);
    const over = await overRows(
      relationOf(info.oid, execution),
      [{ tree: copy.where, storedAs: undefined }],
      { from: table, rowNumber: "rowid", column: columnName },
      execution,
    );
    const list = info.columns.map(({ number }) => columnName(number)).join(", ");
    const sql =
      `SELECT ${list} FROM ${table} WHERE rowid IN (SELECT k0 FROM (${over.sql}) WHERE k1)` +
      " ORDER BY rowid";
    const kept = await engine.collect(
      {
        sql,
        parameters: over.parameters,
        rowsRelations: [],
        shapes: info.columns.map(boundShape),
        formats: [],
        text: execution.settings.text,
        isSmall: true,
      },
      info.columns,
      block.rows,
      execution.signal,
    );
    assert(kept !== undefined, "a condition gave more rows than there were");
    if (!copy.hasGenerated) requireNotNull(info, kept, execution.settings.text);
    return kept;
  } catch (cause) {
    throw withContext(cause, `COPY ${copy.relation}`);
  } finally {
    await engine.dropRowTable(name);
  }
}
