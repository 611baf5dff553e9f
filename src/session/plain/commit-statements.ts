/** The statements that make a transaction's changes of ordinary tables those of everybody. */

import { blockReaders } from "../../engine/read-block.ts";
import type { RunAppend, RunStatement } from "../../engine/request.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import { encodeBlock, type RowBlock } from "../../table/row-block.ts";
import { canBePassed, passedText, passedValue } from "./held-values.ts";
import type { Generation } from "./overlay.ts";
import { baseTable, columnList, createTable, ROW_IDENTITY } from "./physical.ts";
import type { ChangedTable } from "./writes.ts";

type Statement = RunStatement | RunAppend;

export function commitStatements(tables: readonly ChangedTable[]): Statement[] {
  return tables.flatMap((table): Statement[] => {
    const newest = table.generations.at(-1);
    const base = baseTable(table.oid, table.isTemporary);
    if (newest === undefined) return [];
    const settled = statementsOf(table, newest, base).map((sql) => ({ sql }));
    if (newest.relation === undefined || newest.held.isEmpty) return settled;
    return [...settled, insertion(table, newest.relation, newest.held.all().block)];
  });
}

function statementsOf(table: ChangedTable, newest: Generation, base: string): string[] {
  const { relation, ownRows, goneRows } = newest;
  if (relation === undefined) return table.isNew ? [] : [`DROP TABLE ${base}`];
  const columns = columnList(relation);
  const gone = goneRows === undefined ? "" : ` ANTI JOIN ${goneRows} AS g USING (${ROW_IDENTITY})`;
  const fill =
    ownRows === undefined
      ? []
      : [`INSERT INTO ${base} (${columns}) SELECT ${columns} FROM ${ownRows}${gone}`];
  if (!newest.hasBase) {
    const drop = table.isNew ? [] : [`DROP TABLE ${base}`];
    return [...drop, createTable(base, relation), ...fill];
  }
  const deleted = `SELECT ${ROW_IDENTITY} FROM ${goneRows}`;
  const remove = goneRows === undefined ? [] : [`DELETE FROM ${base} WHERE rowid IN (${deleted})`];
  return [...remove, ...fill];
}

/** One row costs a prepared statement least, and its sync keeps no thread. */
function insertion(
  { oid, isTemporary }: ChangedTable,
  relation: ShadowRelation,
  block: RowBlock,
): Statement {
  const { columns } = relation;
  if (block.rows > 1 || !columns.every(canBePassed)) {
    const database = isTemporary ? "memory" : "plain";
    return { database, table: `t_${oid}`, block: encodeBlock(block) };
  }
  const readers = blockReaders(block, columns);
  const values = columns.map((column, at) => passedText(column, at + 1));
  return {
    sql:
      `INSERT INTO ${baseTable(oid, isTemporary)} (${columnList(relation)})` +
      ` VALUES (${values.join(", ")})`,
    parameters: columns.map((column, at) => passedValue(column, readers[at]?.(0) ?? null)),
    isRepeated: true,
  };
}
