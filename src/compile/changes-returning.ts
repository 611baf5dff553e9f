/** RETURNING: a SELECT over the rows that a change has applied. */

import { type ChangeTarget, scopeOf, startChange } from "./change-target.ts";
import type { OpenSource } from "./changes-insert.ts";
import { refuseObjectNames } from "./compile.ts";
import type { Sql } from "./expression.ts";
import type { Relation, RelationColumn, Scope } from "./generator.ts";
import { outputList } from "./outputs.ts";
import type { Plan } from "./plan.ts";
import { refuse } from "./refusals.ts";
import { heldScan, scanMark } from "./scans.ts";
import { heldRelation, literalNull } from "./stored-rows.ts";
import type { QueryNode } from "./tree.ts";

export interface Returning {
  readonly plan: Plan;
  /** Where all outputs are columns of the source as they stand: their positions. */
  readonly columns: readonly number[] | undefined;
}

const OLD = 1;
const NEW = 2;

/** Whether RETURNING needs the rows as they were before the change. */
export function returnsOld(query: QueryNode): boolean {
  const walk = (value: unknown): boolean => {
    if (Array.isArray(value)) return value.some(walk);
    if (typeof value !== "object" || value === null || value instanceof Uint8Array) return false;
    return (
      (value as { readonly varreturningtype?: number }).varreturningtype === OLD ||
      Object.values(value).some(walk)
    );
  };
  if (query.returningList === null) return false;
  return query.commandType === 4 || walk(query.returningList);
}

/** Adds to the source what RETURNING reads of other relations. */
export function compileReturning(target: ChangeTarget, source: OpenSource): Returning | undefined {
  const { query, info } = target;
  const entries = query.returningList ?? [];
  if (entries.length === 0) return undefined;
  const { scope: base, finish } = startChange(target, false);
  const { generator } = base;
  const scope = scopeOf(query, generator, false);
  const number = generator.scans.length;
  generator.scans.push(heldScan(number, "changed", source.columns.columns));
  const alias = `r${scope.id}`;
  scope.relations.set(query.resultRelation, changedRelation(target, source, alias));
  for (const rtindex of source.scope.relations.keys()) {
    if (rtindex === query.resultRelation) continue;
    scope.relations.set(rtindex, otherRelation(rtindex, source, alias));
  }
  const values = entries.map(({ expr }) => generator.expression(expr, scope));
  const list = outputList(
    values,
    entries.map(({ resname }) => resname ?? "?column?"),
  );
  refuseObjectNames(list.columns);
  const plan = finish({
    text: `SELECT ${list.text} FROM ${scanMark(number)} AS ${alias}`,
    columns: list.columns,
    hidden: list.hidden,
    isSmall: source.columns.columns.length === 0,
    hasOrdinal: false,
  });
  const readsTarget = plan.scans.some(
    (scan) => scan.kind === "table" && scan.relationOid === info.oid,
  );
  if (readsTarget) refuse("a subquery in RETURNING over the changed table");
  return { plan, columns: plainColumns(values, alias) };
}

function plainColumns(values: readonly Sql[], alias: string): readonly number[] | undefined {
  const positions = values.map(({ text, scale }) => {
    const match = text.startsWith(`${alias}.`) ? /^\w+\."?c(\d+)"?$/.exec(text) : null;
    return match === null || scale !== undefined ? undefined : Number(match[1]) - 1;
  });
  return positions.every((each) => each !== undefined) ? positions : undefined;
}

/** The target's columns as they are now, or as OLD and NEW say. */
function changedRelation(target: ChangeTarget, source: OpenSource, alias: string): Relation {
  const { query, info } = target;
  const isDelete = query.commandType === 4;
  const names = (positions: OpenSource["newValues"]) => (columnNumber: number) => {
    const at = positions.find((each) => each.columnNumber === columnNumber);
    return at && `c${at.sourceColumn + 1}`;
  };
  const before = heldRelation(alias, info.columns, names(source.oldValues));
  const after = heldRelation(alias, info.columns, names(source.newValues));
  const shown = isDelete ? before : after;
  return {
    columns: shown.columns,
    column: (attribute, node) => {
      const which = node?.varreturningtype ?? 0;
      if (which === NEW && isDelete) return nothing(attribute, target);
      return (which === OLD ? before : shown).column(attribute);
    },
  };
}

/** NEW of a deleted row. */
function nothing(attribute: number, { info }: ChangeTarget): RelationColumn | undefined {
  const column = info.columns.find((each) => each.number === attribute);
  return column && { name: column.name, sql: literalNull(column), sources: [] };
}

/** A relation of FROM or USING: its columns go along with the source. */
function otherRelation(rtindex: number, { scope, columns }: OpenSource, alias: string): Relation {
  const held = ({ name, sql }: RelationColumn): RelationColumn => {
    const position = columns.add(sql);
    const shape = columns.columns[position]?.shape ?? sql.shape;
    const text = `${alias}.c${position + 1}`;
    return { name, sql: { text, shape, isConstant: false, mayBeNull: true }, sources: [] };
  };
  const relation = (scope as Scope).relations.get(rtindex);
  return {
    column: (attribute, node) => {
      const found = relation?.column(attribute, node);
      return found && held(found);
    },
    columns: () => relation?.columns().map(held) ?? refuse("a whole row"),
  };
}
