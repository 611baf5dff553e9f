/** INSERT: the SELECT that computes the rows, one column for each column of the table. */

import type { SequenceColumn } from "./change-plan.ts";
import {
  type ChangeTarget,
  type ColumnPosition,
  SourceColumns,
  startChange,
} from "./change-target.ts";
import { type Draw, withoutDraws } from "./changes-draws.ts";
import { commonTables } from "./common-tables.ts";
import type { Expression } from "./expression-nodes.ts";
import { fromClause } from "./from.ts";
import type { CompiledQuery, Scope } from "./generator.ts";
import type { Plan, RelationColumn } from "./plan.ts";
import { refuse } from "./refusals.ts";
import { drawnSequence, isIntegerCast } from "./sequence-calls.ts";
import { literalNull, toStored } from "./stored-rows.ts";
import type { QueryNode } from "./tree.ts";

/** A source under construction: RETURNING may still add columns to it. */
export interface OpenSource {
  readonly scope: Scope;
  readonly columns: SourceColumns;
  readonly identity: readonly number[];
  readonly newValues: readonly ColumnPosition[];
  readonly oldValues: readonly ColumnPosition[];
  readonly sequences: readonly SequenceColumn[];
  finish(): Plan;
}

export function insertSource(target: ChangeTarget, needsOld: boolean): OpenSource {
  const { query, draws } = withoutDraws(target.query);
  const { scope, finish } = startChange({ ...target, query }, hasOrderedSubquery(query));
  const prefix = commonTables(scope);
  const from = fromClause(scope);
  const columns = new SourceColumns();
  const sequences: SequenceColumn[] = [];
  const newValues = target.info.columns.map((column): ColumnPosition => {
    const entry = query.targetList?.find(({ resno }) => resno === column.number);
    const sequenceOid = entry && drawnSequence(entry.expr);
    const value =
      entry === undefined || sequenceOid !== undefined
        ? literalNull(column)
        : toStored(scope.generator.expression(entry.expr, scope), column);
    const sourceColumn = columns.append(value);
    if (sequenceOid !== undefined) sequences.push({ sourceColumn, sequenceOid, when: undefined });
    return { columnNumber: column.number, sourceColumn };
  });
  const oldValues = needsOld
    ? target.info.columns.map((column) => nullColumn(column, columns))
    : [];
  for (const draw of draws) sequences.push(drawOf(draw, query, newValues, columns, scope));
  const isSmall = from === "";
  return {
    scope,
    columns,
    identity: [],
    newValues,
    oldValues,
    sequences,
    finish: () => {
      const plan = finish(selectOf(prefix, from, columns, scope, isSmall));
      refuseMixedCalls(sequences, plan);
      return plan;
    },
  };
}

function nullColumn(column: RelationColumn, columns: SourceColumns): ColumnPosition {
  return { columnNumber: column.number, sourceColumn: columns.append(literalNull(column)) };
}

/** The rows in the order of a subquery's ORDER BY: sequences are drawn in it. */
function selectOf(
  prefix: string,
  from: string,
  columns: SourceColumns,
  scope: Scope,
  isSmall: boolean,
): CompiledQuery {
  const [item] = scope.query.jointree?.fromlist ?? [];
  const relation = item?.tag === "RANGETBLREF" ? scope.relations.get(item.rtindex) : undefined;
  const order = relation?.ordinal === undefined ? "" : ` ORDER BY ${relation.ordinal}`;
  const select = `SELECT ${columns.list}${from}${order}`;
  return columns.query(prefix === "" ? select : `${prefix} ${select}`, isSmall);
}

function hasOrderedSubquery(query: QueryNode): boolean {
  return (query.rtable ?? []).some(
    (entry) => entry.rtekind === 1 && entry.subquery.sortClause !== null,
  );
}

/** currval before or after a nextval of the same statement is a matter of PostgreSQL's order. */
function refuseMixedCalls(sequences: readonly SequenceColumn[], plan: Plan): void {
  for (const source of plan.parameters) {
    if (source.kind !== "sequence") continue;
    const { call } = source;
    const isMixed =
      call.kind === "lastval"
        ? sequences.length > 0
        : sequences.some(({ sequenceOid }) => sequenceOid === call.sequenceOid);
    if (isMixed) refuse(`function ${call.kind} beside a default that draws from the sequence`);
  }
}

function drawOf(
  { rtindex, attribute, sequenceOid, flag }: Draw,
  query: QueryNode,
  newValues: readonly ColumnPosition[],
  columns: SourceColumns,
  scope: Scope,
): SequenceColumn {
  const entry = query.targetList?.find(({ expr }) => drawnColumn(expr, rtindex) === attribute);
  const at = newValues.find(({ columnNumber }) => columnNumber === entry?.resno);
  if (at === undefined) return refuse("a sequence's next value in this place");
  const when =
    flag === undefined ? undefined : columns.append(scope.generator.expression(flag, scope));
  return { sourceColumn: at.sourceColumn, sequenceOid, when };
}

/** The column of that relation that an expression is, in any integer type. */
function drawnColumn(node: Expression, rtindex: number): number | undefined {
  if (node.tag === "FUNCEXPR" && isIntegerCast(node.funcid)) {
    const [arg] = node.args ?? [];
    return arg && drawnColumn(arg, rtindex);
  }
  return node.tag === "VAR" && node.varno === rtindex ? node.varattno : undefined;
}
