/** UPDATE and DELETE: the SELECT that finds the rows, and computes what they become. */

import type { SequenceColumn } from "./change-plan.ts";
import {
  type ChangeTarget,
  type ColumnPosition,
  SourceColumns,
  startChange,
} from "./change-target.ts";
import type { OpenSource } from "./changes-insert.ts";
import { commonTables } from "./common-tables.ts";
import { quoteName, type Sql } from "./expression.ts";
import type { SubLink } from "./expression-nodes.ts";
import { fromClause } from "./from.ts";
import type { Scope } from "./generator.ts";
import { columnsOf } from "./outputs.ts";
import type { RelationColumn } from "./plan.ts";
import { restrictByJoins, restrictScans } from "./ranges.ts";
import { refuse } from "./refusals.ts";
import { drawnSequence } from "./sequence-calls.ts";
import { identityColumns, inOneColumn, literalNull, toStored } from "./stored-rows.ts";
import type { QueryNode, TargetEntry } from "./tree.ts";

/** `needsOld`: RETURNING reads the rows as they were. */
export function updateSource(target: ChangeTarget, needsOld: boolean): OpenSource {
  const { query, info } = target;
  const { scope, finish } = startChange(target, false);
  const prefix = commonTables(scope);
  const from = fromClause(scope);
  const quals = query.jointree?.quals ?? null;
  const where = quals === null ? "" : ` WHERE ${scope.generator.expression(quals, scope).text}`;
  if (query.jointree !== null) restrictByJoins(query.jointree, scope);
  restrictScans(quals, scope);
  const columns = new SourceColumns();
  const identity = identityOf(target, scope).map((value) => columns.append(value));
  const stored = (column: RelationColumn): Sql => storedValue(column, target, scope);
  const isDelete = query.commandType === 4;
  const multi = isDelete ? undefined : multiAssignments(query.targetList ?? [], scope);
  const inner = multi === undefined ? scope : { ...scope, multiColumns: multi.columns };
  const newValue = (column: RelationColumn): Sql => {
    const entry = query.targetList?.find(
      ({ resno, resjunk }) => resno === column.number && !resjunk,
    );
    if (entry === undefined) return stored(column);
    if (drawnSequence(entry.expr) !== undefined) return literalNull(column);
    return toStored(scope.generator.expression(entry.expr, inner), column);
  };
  const listed = (value: (column: RelationColumn) => Sql): readonly ColumnPosition[] =>
    info.columns.map((column) => ({
      columnNumber: column.number,
      sourceColumn: columns.append(value(column)),
    }));
  const newValues = isDelete ? [] : listed(newValue);
  const sequences = isDelete ? [] : drawnColumns(query, newValues);
  const oldValues = needsOld ? listed(stored) : [];
  return {
    scope,
    columns,
    identity,
    newValues,
    oldValues,
    sequences,
    finish: () => {
      const select = `SELECT ${columns.list}${from}${multi?.from ?? ""}${where}`;
      const once = isJoined(scope) ? firstOfEach(select, identity.length) : select;
      return finish(columns.query(prefix === "" ? once : `${prefix} ${once}`, false));
    },
  };
}

/** `SET n = nextval('s')`, `SET n = DEFAULT` of a SERIAL. */
function drawnColumns(
  { targetList }: QueryNode,
  newValues: readonly ColumnPosition[],
): readonly SequenceColumn[] {
  return newValues.flatMap(({ columnNumber, sourceColumn }) => {
    const entry = targetList?.find(({ resno, resjunk }) => resno === columnNumber && !resjunk);
    const sequenceOid = entry && drawnSequence(entry.expr);
    return sequenceOid === undefined ? [] : [{ sourceColumn, sequenceOid, when: undefined }];
  });
}

function identityOf({ query, info }: ChangeTarget, scope: Scope): readonly Sql[] {
  const scan = scope.relations.get(query.resultRelation)?.scan;
  if (scan === undefined) return refuse("a change of this relation");
  scan.hasIdentity = true;
  return identityColumns(info.kind).map(({ name, shape }) => ({
    text: `r${scope.id}_${query.resultRelation}.${quoteName(name)}`,
    shape,
    isConstant: false,
    mayBeNull: false,
  }));
}

function storedValue(column: RelationColumn, { query }: ChangeTarget, scope: Scope): Sql {
  const found = scope.relations.get(query.resultRelation)?.column(column.number);
  return found === undefined ? refuse(`column "${column.name}"`) : found.sql;
}

function isJoined(scope: Scope): boolean {
  return (scope.query.jointree?.fromlist ?? []).length > 1;
}

/** A row that several rows of FROM match is changed once, by any of them. */
function firstOfEach(select: string, identityColumnCount: number): string {
  const keys = Array.from({ length: identityColumnCount }, (_, index) => `c${index + 1}`);
  return `SELECT DISTINCT ON (${keys.join(", ")}) * FROM (${select}) AS u`;
}

/** `SET (a, b) = (SELECT ..)`: each subquery once a row, as a record beside the relations. */
export function multiAssignments(assigned: readonly TargetEntry[], scope: Scope) {
  const links = assigned
    .map(({ expr }) => expr)
    .filter((expr): expr is SubLink => expr.tag === "SUBLINK" && expr.subLinkType === 5);
  const columns = new Map<number, readonly Sql[]>();
  const parts = links.map((link) => {
    const query = scope.generator.query(link.subselect, scope);
    const alias = `m${scope.generator.nextId()}`;
    const values = columnsOf("q", query).map((column) => inOneColumn(column.sql));
    const fields = values.map((value, index) => `c${index + 1} := ${value.text}`);
    columns.set(
      link.subLinkId,
      values.map((value, index) => ({
        text: `${alias}.m.c${index + 1}`,
        shape: value.shape,
        isConstant: false,
        mayBeNull: true,
      })),
    );
    const row = `SELECT struct_pack(${fields.join(", ")}) FROM (${query.text}) AS q`;
    return `, LATERAL (SELECT (${row}) AS m) AS ${alias}`;
  });
  return { from: parts.join(""), columns };
}
