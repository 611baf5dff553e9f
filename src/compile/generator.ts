/**
 * The state of one compilation and the scopes that names are resolved in. The parts of the
 * generator call each other through `Generator`, so that their files do not import in a circle.
 */

import type { Catalogue } from "../types/catalogue.ts";
import type { Shape } from "../types/shape.ts";
import type { CallContext, ClosedTable } from "./closed-table.ts";
import type { Sql } from "./expression.ts";
import type { Expression, VarNode } from "./expression-nodes.ts";
import type { ParameterSource, Scalar } from "./plan.ts";
import type { ScanBuilder } from "./scans.ts";
import type { QueryNode } from "./tree.ts";

export interface Generator {
  readonly catalogue: Catalogue;
  readonly table: ClosedTable;
  readonly calls: CallContext;
  readonly scans: ScanBuilder[];
  readonly parameters: ParameterSource[];
  /** For names of relations and CTEs: unique in the statement. */
  nextId(): number;
  expression(node: Expression, scope: Scope): Sql;
  /** `keepsOrder`: number the rows where the query has an ORDER BY (see ordinals.ts). */
  query(query: QueryNode, outer: Scope | undefined, keepsOrder?: boolean): CompiledQuery;
  /** The statement has aggregates whose result depends on the order of their input. */
  readonly isOrderSensitive: boolean;
}

/** One query level. Vars count levels up through `outer`. */
export interface Scope {
  readonly generator: Generator;
  readonly id: number;
  readonly query: QueryNode;
  readonly keepsOrder: boolean;
  readonly outer: Scope | undefined;
  readonly relations: Map<number, Relation>;
  readonly ctes: Map<string, CteRelation>;
  /** What CASETESTEXPR stands for. */
  readonly caseTest?: Sql;
  /** Output columns of the SubLink whose test is being generated (PARAM of kind 2). */
  readonly sublinkColumns?: readonly Sql[];
  /** Columns of the subqueries of `SET (a, b) = (SELECT ..)`, by subLinkId (PARAM of kind 3). */
  readonly multiColumns?: ReadonlyMap<number, readonly Sql[]>;
}

/** What a Var of a range table entry means. */
export interface Relation {
  /** `attribute` from 1; `node` has the type where the relation is unknown to us. */
  column(attribute: number, node?: VarNode): RelationColumn | undefined;
  /** All columns in order: a whole-row Var. */
  columns(): readonly RelationColumn[];
  /** Its rows have an order, given by this column. */
  readonly ordinal?: string;
  /** Of a stored table. */
  readonly scan?: ScanBuilder;
}

export interface RelationColumn {
  readonly name: string;
  readonly sql: Sql;
  readonly sources: readonly ColumnSource[];
}

export interface CteRelation {
  readonly sqlName: string;
  readonly columns: readonly OutputColumn[];
  readonly hasOrdinal: boolean;
}

/** A generated SELECT whose outputs are named c1..cn, display scales last. */
export interface CompiledQuery {
  readonly text: string;
  readonly columns: readonly OutputColumn[];
  /** Shapes of the columns behind `columns`: display scales. */
  readonly hidden: readonly Shape[];
  readonly isSmall: boolean;
  /** A column `rn` beside the others numbers the rows in the query's order. */
  readonly hasOrdinal: boolean;
  /** It gives just this row, as Plan has it. */
  readonly row?: readonly Scalar[] | undefined;
}

export interface OutputColumn {
  readonly name: string;
  readonly shape: Shape;
  readonly mayBeNull: boolean;
  readonly sources: readonly ColumnSource[];
}

/**
 * Where values of a column come from, for pruning: a comparison that the value must satisfy, once
 * loosened, must hold for the stored column of that scan in every row that matters.
 */
export interface ColumnSource {
  readonly scan: ScanBuilder;
  readonly columnNumber: number;
  /** Comparisons over the stored column that follow from `value operator bound`. */
  loosen(comparison: Bound): readonly Bound[];
}

export interface Bound {
  readonly operator: "<" | "<=" | "=" | ">=" | ">";
  /** Free of columns; of a type that compares with the stored column's. */
  readonly value: Sql;
}

/** The scope `levels` query levels up. */
export function scopeAbove(scope: Scope, levels: number): Scope {
  let at = scope;
  for (let level = 0; level < levels; level += 1) {
    if (at.outer === undefined) throw new RangeError("a Var points above the outermost query");
    at = at.outer;
  }
  return at;
}
