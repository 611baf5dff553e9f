/**
 * Functions in FROM: DuckDB unnests their lists in lock step, padding with NULL as ROWS FROM does.
 */

import { Oid } from "../types/oids.ts";
import type { Shape } from "../types/shape.ts";
import { functionCall, ownArguments, setCall } from "./calls.ts";
import { defaultShape } from "./duckdb-types.ts";
import type { Sql } from "./expression.ts";
import type { FuncExpr } from "./expression-nodes.ts";
import type { Relation, RelationColumn, Scope } from "./generator.ts";
import { relationOf } from "./grouping.ts";
import type { PlanColumn } from "./plan.ts";
import { refuse } from "./refusals.ts";
import { functionScan, scanMark } from "./scans.ts";
import type { RangeTableEntry, RangeTableFunction } from "./tree.ts";

interface FromItem {
  readonly text: string;
  readonly relation: Relation;
}

export function functionRelation(entry: RangeTableEntry, alias: string, scope: Scope): FromItem {
  const functions = entry.functions ?? [];
  const [only] = functions;
  if (only?.funcexpr.tag === "FUNCEXPR" && functions.length === 1) {
    const own = ownRows(only.funcexpr, entry, alias, scope);
    if (own !== undefined) return own;
  }
  const parts = functions.map((each) => functionPart(each, scope));
  const shapes = parts.flatMap((part) => part.columns);
  const lists = parts.map((part, index) => `${part.text} AS f${index + 1}`);
  const picks = parts.flatMap((part, index) =>
    part.columns.length === 1 && !part.isRecord
      ? [`f${index + 1}`]
      : part.columns.map((_, at) => `f${index + 1}.c${at + 1}`),
  );
  const names = picks.map((pick, index) => `${pick} AS c${index + 1}`);
  if (entry.funcordinality) {
    shapes.push(defaultShape(Oid.int8));
    names.push(`row_number() OVER () AS c${names.length + 1}`);
  }
  const inner = `SELECT ${names.join(", ")} FROM (SELECT ${lists.join(", ")}) AS f`;
  const text = `LATERAL (${inner}) AS ${alias}`;
  return { text, relation: relationOf(columnsNamed(alias, shapes, entry)) };
}

interface FunctionPart {
  readonly text: string;
  readonly columns: readonly Shape[];
  readonly isRecord: boolean;
}

function functionPart(node: RangeTableFunction, scope: Scope): FunctionPart {
  const { funcexpr } = node;
  if (node.funccolnames !== null) return refuse("a function with a column definition list");
  if (funcexpr.tag === "FUNCEXPR" && funcexpr.funcretset) {
    const { list, columns } = setCall(funcexpr, scope);
    return { text: `unnest(${list})`, columns, isRecord: columns.length > 1 };
  }
  const value: Sql =
    funcexpr.tag === "FUNCEXPR"
      ? functionCall(funcexpr, scope)
      : scope.generator.expression(funcexpr, scope);
  if (value.shape.representation.kind === "row") return refuse("a function that gives a record");
  return { text: value.text, columns: [value.shape], isRecord: false };
}

function columnsNamed(
  alias: string,
  shapes: readonly Shape[],
  entry: RangeTableEntry,
): readonly RelationColumn[] {
  return shapes.map((shape, index) => ({
    name: entry.eref.colnames?.[index] ?? `c${index + 1}`,
    sql: { text: `${alias}.c${index + 1}`, shape, isConstant: false, mayBeNull: true },
    sources: [],
  }));
}

/** A function of ours gives rows that the session makes; its columns are what the query names. */
function ownRows(
  node: FuncExpr,
  entry: RangeTableEntry,
  alias: string,
  scope: Scope,
): FromItem | undefined {
  const args = ownArguments(node, scope);
  if (args === undefined || !node.funcretset) return undefined;
  const { generator } = scope;
  const used = new Map<number, PlanColumn>();
  const names = entry.eref.colnames ?? [];
  const columns = numbered(used, names.length);
  const number = generator.scans.length;
  generator.scans.push(functionScan(number, node.funcid, args, columns));
  const column = (attribute: number, typeOid: number, typmod: number): RelationColumn => {
    const shape = defaultShape(typeOid, typmod);
    used.set(attribute, { name: `c${attribute}`, shape });
    columns.splice(0, columns.length, ...numbered(used, names.length));
    return {
      name: names[attribute - 1] ?? "",
      sql: { text: `${alias}.c${attribute}`, shape, isConstant: false, mayBeNull: true },
      sources: [],
    };
  };
  const relation: Relation = {
    column: (attribute, var_) =>
      var_ === undefined ? undefined : column(attribute, var_.vartype, var_.vartypmod),
    columns: () => refuse("a whole row of a function of the table store"),
  };
  return { text: `${scanMark(number)} AS ${alias}`, relation };
}

/** All columns of the function in order; those that nobody reads are text. */
function numbered(used: ReadonlyMap<number, PlanColumn>, count: number): PlanColumn[] {
  return Array.from(
    { length: count },
    (_, index) => used.get(index + 1) ?? { name: `c${index + 1}`, shape: defaultShape(Oid.text) },
  );
}
