/** The statements that make a transaction's changes of ordinary tables those of everybody. */

import { blockReaders } from "../../engine/read-block.ts";
import type { EngineParameter, RunAppend, RunStatement } from "../../engine/request.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import { encodeBlock, type RowBlock } from "../../table/row-block.ts";
import { Oid } from "../../types/oids.ts";
import type { Held } from "./held.ts";
import { canBePassed, passedText, passedValue } from "./held-values.ts";
import type { Generation } from "./overlay.ts";
import { baseTable, columnList, columnName, createTable, ROW_IDENTITY } from "./physical.ts";
import type { ChangedTable } from "./writes.ts";

type Statement = RunStatement | RunAppend;

export function commitStatements(tables: readonly ChangedTable[]): Statement[] {
  return tables.flatMap((table): Statement[] => {
    const newest = table.generations.at(-1);
    const base = baseTable(table.oid, table.isTemporary);
    if (newest === undefined) return [];
    const settled = statementsOf(table, newest, base).map((sql) => ({ sql }));
    const { held, relation } = newest;
    if (relation === undefined) return settled;
    const { updatedRow } = held;
    if (updatedRow !== undefined && relation.columns.every(canBePassed)) {
      return [...settled, update(base, relation, updatedRow)];
    }
    const gone = held.gone.flatMap(({ rowids }) => rowids.map((rowid) => deletion(base, rowid)));
    const fill = held.hasRows ? [insertion(table, relation, held.all().block)] : [];
    return [...settled, ...gone, ...fill];
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

function deletion(base: string, rowid: bigint): Statement {
  return {
    sql: `DELETE FROM ${base} WHERE rowid = CAST($1 AS BIGINT)`,
    parameters: [{ typeOid: Oid.int8, value: rowid }],
    isRepeated: true,
  };
}

/** A single statement commits where it runs; for COMMIT a thread of DuckDB's would spin. */
function update(
  base: string,
  { columns }: ShadowRelation,
  { block, replaced }: NonNullable<Held["updatedRow"]>,
): Statement {
  const readers = blockReaders(block, columns);
  const parameters: EngineParameter[] = [];
  const assignments = columns.flatMap((column, at) => {
    if (!replaced.columns.has(column.number)) return [];
    const number = parameters.push(passedValue(column, readers[at]?.(0) ?? null));
    return [`${columnName(column.number)} = ${passedText(column, number)}`];
  });
  const rowid = parameters.push({ typeOid: Oid.int8, value: replaced.rowids[0] ?? null });
  const where = `rowid = CAST($${rowid} AS BIGINT)`;
  const sql = `UPDATE ${base} SET ${assignments.join(", ")} WHERE ${where}`;
  return { sql, parameters, isRepeated: true };
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
