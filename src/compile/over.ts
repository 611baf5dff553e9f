/**
 * Expressions that the catalogue stores (CHECK constraints, generated columns, defaults) over rows
 * of their relation.
 */

import { SourceColumns } from "./change-target.ts";
import { startCompilation } from "./compilation.ts";
import { storedShape } from "./duckdb-types.ts";
import type { Expression } from "./expression-nodes.ts";
import type { Scope } from "./generator.ts";
import { readNodeText } from "./node-text.ts";
import type { CompileContext, Plan, RelationColumn } from "./plan.ts";
import { refuse } from "./refusals.ts";
import { heldScan, scanMark } from "./scans.ts";
import { heldRelation, inOneColumn, toStored } from "./stored-rows.ts";
import type { QueryNode } from "./tree.ts";

export interface OverExpression {
  /** As pg_constraint.conbin, pg_attrdef.adbin print; or read already. */
  readonly tree: string | Expression;
  /** The range table index of its Vars; 1 without. */
  readonly rtindex?: number;
  /** The column that the value goes into; undefined: as it is (a condition). */
  readonly storedAs: Pick<RelationColumn, "typeOid" | "typmod"> | undefined;
}

/**
 * A SELECT of the expressions, in order, over one scan of kind "changed" that has `columns` as c1,
 * c2... @throws SqlError 0A000
 */
export function compileOver(
  columns: readonly RelationColumn[],
  expressions: readonly OverExpression[],
  context: CompileContext,
): Plan {
  const { generator, finish } = startCompilation(context, false);
  const held = columns.map(({ typeOid, typmod }, index) => ({
    name: `c${index + 1}`,
    shape: storedShape(typeOid, typmod),
  }));
  generator.scans.push(heldScan(0, "changed", held));
  const relation = heldRelation("r", columns, (number) => {
    const at = columns.findIndex((each) => each.number === number);
    return at < 0 ? undefined : `c${at + 1}`;
  });
  const scope: Scope = {
    generator,
    id: generator.nextId(),
    query: NO_QUERY,
    keepsOrder: false,
    outer: undefined,
    relations: new Map([[1, relation]]),
    ctes: new Map(),
  };
  const values = new SourceColumns();
  for (const { tree, storedAs, rtindex } of expressions) {
    if (rtindex !== undefined) scope.relations.set(rtindex, relation);
    const value = generator.expression(expressionOf(tree), scope);
    values.append(storedAs === undefined ? inOneColumn(value) : toStored(value, storedAs));
  }
  return finish(values.query(`SELECT ${values.list} FROM ${scanMark(0)} AS r`, false));
}

function expressionOf(text: string | Expression): Expression {
  if (typeof text !== "string") return text;
  const value = readNodeText(text);
  if (typeof value === "object" && value !== null && "tag" in value) {
    return value as unknown as Expression;
  }
  return refuse("this stored expression");
}

/** Stored expressions stand in no query: what looks for one finds no relation in it. */
const NO_QUERY = { tag: "QUERY", rtable: null, jointree: null } as unknown as QueryNode;
