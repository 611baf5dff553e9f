/**
 * The nodes of an analysed query, as PostgreSQL 18 prints them (parsenodes.h; expressions stand in
 * expression-nodes.ts). Fields that
 * nobody reads are left out. `null` is the printed `<>`: a NULL pointer or an empty list.
 */

import { assert } from "../base/errors.ts";
import type { Expression } from "./expression-nodes.ts";
import { type NodeValue, readNodeText } from "./node-text.ts";

/** Lists print as `<>` when empty. */
export type NodeList<Item> = readonly Item[] | null;

export interface QueryNode {
  readonly tag: "QUERY";
  /** 1 select, 2 update, 3 insert, 4 delete, 5 merge, 6 utility. */
  readonly commandType: number;
  readonly utilityStmt: { readonly tag: string } | null;
  readonly hasAggs: boolean;
  readonly hasWindowFuncs: boolean;
  readonly hasTargetSRFs: boolean;
  readonly hasSubLinks: boolean;
  readonly hasDistinctOn: boolean;
  readonly hasRecursive: boolean;
  readonly hasModifyingCTE: boolean;
  readonly hasForUpdate: boolean;
  readonly hasRowSecurity: boolean;
  readonly hasGroupRTE: boolean;
  /** Range table index of the relation that a change is about; 0 for a SELECT. */
  readonly resultRelation: number;
  readonly cteList: NodeList<CommonTableExpr>;
  readonly rtable: NodeList<RangeTableEntry>;
  readonly rteperminfos: NodeList<RtePermissionInfo>;
  readonly jointree: FromExpr | null;
  readonly targetList: NodeList<TargetEntry>;
  readonly onConflict: OnConflictExpr | null;
  readonly returningList: NodeList<TargetEntry>;
  /** Of row security and of views WITH CHECK OPTION. */
  readonly withCheckOptions: NodeList<WithCheckOption>;
  readonly groupClause: NodeList<SortGroupClause>;
  readonly groupDistinct: boolean;
  readonly groupingSets: NodeList<GroupingSet>;
  readonly havingQual: Expression | null;
  readonly windowClause: NodeList<WindowClause>;
  readonly distinctClause: NodeList<SortGroupClause>;
  readonly sortClause: NodeList<SortGroupClause>;
  readonly limitOffset: Expression | null;
  readonly limitCount: Expression | null;
  /** 1 = WITH TIES. */
  readonly limitOption: number;
  /** Constraints that the query's meaning depends on: a grouped primary key. */
  readonly constraintDeps: NodeList<number>;
  readonly rowMarks: NodeList<RowMarkClause>;
  readonly setOperations: SetOperation | null;
}

export interface WithCheckOption {
  readonly tag: "WITHCHECKOPTION";
  /** 0 of a view; else of row security. */
  readonly kind: number;
  readonly relname: string;
  readonly qual: Expression | null;
}

export interface RowMarkClause {
  readonly tag: "ROWMARKCLAUSE";
  readonly rti: number;
  /** 0 wait, 1 SKIP LOCKED, 2 NOWAIT. */
  readonly waitPolicy: number;
}

export interface RtePermissionInfo {
  readonly tag: "RTEPERMISSIONINFO";
  readonly relid: number;
  readonly requiredPerms: number;
  readonly checkAsUser: number;
  /** attno + 7 each. */
  readonly selectedCols: readonly number[];
}

export interface CommonTableExpr {
  readonly tag: "COMMONTABLEEXPR";
  readonly ctename: string;
  /** 0 default, 1 MATERIALIZED, 2 NOT MATERIALIZED. */
  readonly ctematerialized: number;
  readonly ctequery: QueryNode;
  readonly cterecursive: boolean;
  readonly cterefcount: number;
  readonly ctecolnames: NodeList<string>;
  readonly ctecoltypes: NodeList<number>;
  readonly ctecoltypmods: NodeList<number>;
}

export interface RangeTableEntry {
  readonly tag: "RANGETBLENTRY";
  readonly eref: { readonly aliasname: string; readonly colnames: NodeList<string> };
  /**
   * 0 relation, 1 subquery, 2 join, 3 function, 4 tablefunc, 5 values, 6 CTE, 7 tuplestore, 8
   * result, 9 group.
   */
  readonly rtekind: number;
  readonly relid: number;
  readonly relkind: string;
  readonly inh: boolean;
  readonly tablesample: { readonly tag: string } | null;
  readonly subquery: QueryNode;
  readonly security_barrier: boolean;
  readonly jointype: number;
  readonly joinaliasvars: NodeList<Expression>;
  readonly functions: NodeList<RangeTableFunction>;
  readonly funcordinality: boolean;
  readonly values_lists: NodeList<readonly Expression[]>;
  readonly coltypes: NodeList<number>;
  readonly coltypmods: NodeList<number>;
  readonly ctename: string;
  readonly ctelevelsup: number;
  readonly self_reference: boolean;
  readonly groupexprs: NodeList<Expression>;
  readonly lateral: boolean;
  readonly securityQuals: NodeList<Expression>;
}

export interface RangeTableFunction {
  readonly tag: "RANGETBLFUNCTION";
  readonly funcexpr: Expression;
  readonly funccolcount: number;
  readonly funccolnames: NodeList<string>;
  readonly funccoltypes: NodeList<number>;
  readonly funccoltypmods: NodeList<number>;
}

export interface FromExpr {
  readonly tag: "FROMEXPR";
  readonly fromlist: NodeList<JoinItem>;
  readonly quals: Expression | null;
}
export interface JoinExpr {
  readonly tag: "JOINEXPR";
  /** 0 inner, 1 left, 2 full, 3 right. */
  readonly jointype: number;
  readonly larg: JoinItem;
  readonly rarg: JoinItem;
  readonly quals: Expression | null;
  readonly rtindex: number;
}
export interface RangeTableRef {
  readonly tag: "RANGETBLREF";
  readonly rtindex: number;
}
export type JoinItem = FromExpr | JoinExpr | RangeTableRef;

export interface OnConflictExpr {
  readonly tag: "ONCONFLICTEXPR";
  /** 1 nothing, 2 update. */
  readonly action: number;
  readonly arbiterElems: NodeList<InferenceElem>;
  readonly arbiterWhere: Expression | null;
  /** OID of the constraint of ON CONSTRAINT, else 0. */
  readonly constraint: number;
  readonly onConflictSet: NodeList<TargetEntry>;
  readonly onConflictWhere: Expression | null;
  /** Range table index of EXCLUDED. */
  readonly exclRelIndex: number;
}

export interface InferenceElem {
  readonly tag: "INFERENCEELEM";
  readonly expr: Expression;
  /** OIDs; 0: any. */
  readonly infercollid: number;
  readonly inferopclass: number;
}

export interface TargetEntry {
  readonly tag: "TARGETENTRY";
  readonly expr: Expression;
  readonly resno: number;
  readonly resname: string | null;
  readonly ressortgroupref: number;
  readonly resjunk: boolean;
}
export interface SortGroupClause {
  readonly tag: "SORTGROUPCLAUSE";
  readonly tleSortGroupRef: number;
  readonly eqop: number;
  readonly sortop: number;
  readonly reverse_sort: boolean;
  readonly nulls_first: boolean;
}
export interface GroupingSet {
  readonly tag: "GROUPINGSET";
  /** 0 (), 1 simple, 2 ROLLUP, 3 CUBE, 4 GROUPING SETS. */
  readonly kind: number;
  readonly content: readonly (number | GroupingSet)[] | null;
}
export interface WindowClause {
  readonly tag: "WINDOWCLAUSE";
  readonly winref: number;
  readonly partitionClause: NodeList<SortGroupClause>;
  readonly orderClause: NodeList<SortGroupClause>;
  readonly frameOptions: number;
  readonly startOffset: Expression | null;
  readonly endOffset: Expression | null;
}
export interface SetOperation {
  readonly tag: "SETOPERATIONSTMT";
  /** 1 union, 2 intersect, 3 except. */
  readonly op: number;
  readonly all: boolean;
  readonly larg: SetOperation | RangeTableRef;
  readonly rarg: SetOperation | RangeTableRef;
  readonly colTypes: NodeList<number>;
  readonly colTypmods: NodeList<number>;
}

/**
 * The statement in an analysis' `tree`. The text is PostgreSQL's own print of nodes it has checked,
 * so the types above are taken at their word beneath the first level.
 */
export function readQuery(text: string): QueryNode {
  const value: NodeValue = readNodeText(text);
  const query = Array.isArray(value) ? value[0] : value;
  assert(
    typeof query === "object" && query !== null && "tag" in query && query.tag === "QUERY",
    "an analysed statement prints as a QUERY",
  );
  assert(!Array.isArray(value) || value.length === 1, "a statement was rewritten into several");
  return query as unknown as QueryNode;
}
