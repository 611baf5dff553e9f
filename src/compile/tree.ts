/**
 * The nodes of an analysed query, as PostgreSQL 18 prints them (primnodes.h, parsenodes.h). Fields that
 * nobody reads are left out. `null` is the printed `<>`: a NULL pointer or an empty list.
 */

import { assert } from "../base/errors.ts";
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
  readonly cteList: NodeList<CommonTableExpr>;
  readonly rtable: NodeList<RangeTableEntry>;
  readonly rteperminfos: NodeList<RtePermissionInfo>;
  readonly jointree: FromExpr | null;
  readonly targetList: NodeList<TargetEntry>;
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
  readonly rowMarks: NodeList<{ readonly tag: string; readonly rti: number }>;
  readonly setOperations: SetOperation | null;
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
  /** 0 relation, 1 subquery, 2 join, 3 function, 4 tablefunc, 5 values, 6 CTE, 7 tuplestore, 8 result, 9 group. */
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

export interface VarNode {
  readonly tag: "VAR";
  readonly varno: number;
  readonly varattno: number;
  readonly vartype: number;
  readonly vartypmod: number;
  readonly varlevelsup: number;
  readonly varnullingrels: NodeList<number>;
}
export interface ConstNode {
  readonly tag: "CONST";
  readonly consttype: number;
  readonly consttypmod: number;
  readonly constisnull: boolean;
  readonly constvalue: Uint8Array | null;
}
export interface ParamNode {
  readonly tag: "PARAM";
  /** 0 external, 2 column of the surrounding SubLink. */
  readonly paramkind: number;
  readonly paramid: number;
  readonly paramtype: number;
  readonly paramtypmod: number;
}
export interface FuncExpr {
  readonly tag: "FUNCEXPR";
  readonly funcid: number;
  readonly funcresulttype: number;
  readonly funcretset: boolean;
  readonly funcvariadic: boolean;
  readonly args: NodeList<Expression>;
}
export interface NamedArgExpr {
  readonly tag: "NAMEDARGEXPR";
  readonly arg: Expression;
  readonly argnumber: number;
}
export interface OpExpr {
  readonly tag: "OPEXPR" | "DISTINCTEXPR" | "NULLIFEXPR";
  readonly opno: number;
  readonly opresulttype: number;
  readonly args: readonly Expression[];
}
export interface ScalarArrayOpExpr {
  readonly tag: "SCALARARRAYOPEXPR";
  readonly opno: number;
  readonly useOr: boolean;
  readonly args: readonly [Expression, Expression];
}
export interface BoolExpr {
  readonly tag: "BOOLEXPR";
  readonly boolop: "and" | "or" | "not";
  readonly args: readonly Expression[];
}
export interface NullTest {
  readonly tag: "NULLTEST";
  readonly arg: Expression;
  /** 0 IS NULL, 1 IS NOT NULL. */
  readonly nulltesttype: number;
  readonly argisrow: boolean;
}
export interface BooleanTest {
  readonly tag: "BOOLEANTEST";
  readonly arg: Expression;
  /** 0 TRUE, 1 NOT TRUE, 2 FALSE, 3 NOT FALSE, 4 UNKNOWN, 5 NOT UNKNOWN. */
  readonly booltesttype: number;
}
export interface CaseExpr {
  readonly tag: "CASEEXPR";
  readonly casetype: number;
  readonly arg: Expression | null;
  readonly args: readonly {
    readonly tag: "CASEWHEN";
    readonly expr: Expression;
    readonly result: Expression;
  }[];
  readonly defresult: Expression | null;
}
export interface CaseTestExpr {
  readonly tag: "CASETESTEXPR";
  readonly typeId: number;
  readonly typeMod: number;
}
export interface CoalesceExpr {
  readonly tag: "COALESCEEXPR";
  readonly coalescetype: number;
  readonly args: readonly Expression[];
}
export interface MinMaxExpr {
  readonly tag: "MINMAXEXPR";
  readonly minmaxtype: number;
  /** 0 GREATEST, 1 LEAST. */
  readonly op: number;
  readonly args: readonly Expression[];
}
export interface RelabelType {
  readonly tag: "RELABELTYPE";
  readonly arg: Expression;
  readonly resulttype: number;
  readonly resulttypmod: number;
}
export interface CollateExpr {
  readonly tag: "COLLATEEXPR";
  readonly arg: Expression;
  readonly collOid: number;
}
export interface CoerceViaIo {
  readonly tag: "COERCEVIAIO";
  readonly arg: Expression;
  readonly resulttype: number;
}
export interface ArrayCoerceExpr {
  readonly tag: "ARRAYCOERCEEXPR";
  readonly arg: Expression;
  readonly elemexpr: Expression;
  readonly resulttype: number;
  readonly resulttypmod: number;
}
export interface CoerceToDomain {
  readonly tag: "COERCETODOMAIN";
  readonly arg: Expression;
  readonly resulttype: number;
}
export interface SubscriptingRef {
  readonly tag: "SUBSCRIPTINGREF";
  readonly refcontainertype: number;
  readonly refrestype: number;
  readonly reftypmod: number;
  readonly refupperindexpr: NodeList<Expression | null>;
  readonly reflowerindexpr: NodeList<Expression | null>;
  readonly refexpr: Expression;
  readonly refassgnexpr: Expression | null;
}
export interface ArrayExpr {
  readonly tag: "ARRAYEXPR";
  readonly array_typeid: number;
  readonly element_typeid: number;
  readonly elements: NodeList<Expression>;
  readonly multidims: boolean;
}
export interface RowExpr {
  readonly tag: "ROWEXPR";
  readonly args: NodeList<Expression>;
  readonly row_typeid: number;
}
export interface RowCompareExpr {
  readonly tag: "ROWCOMPAREEXPR";
  /** 1 <, 2 <=, 3 =, 4 >=, 5 >, 6 <>. */
  readonly cmptype: number;
  readonly opnos: readonly number[];
  readonly largs: readonly Expression[];
  readonly rargs: readonly Expression[];
}
export interface FieldSelect {
  readonly tag: "FIELDSELECT";
  readonly arg: Expression;
  readonly fieldnum: number;
  readonly resulttype: number;
  readonly resulttypmod: number;
}
export interface SubLink {
  readonly tag: "SUBLINK";
  /** 0 EXISTS, 1 ALL, 2 ANY, 3 ROWCOMPARE, 4 scalar, 5 multiexpr, 6 ARRAY, 7 CTE. */
  readonly subLinkType: number;
  readonly testexpr: Expression | null;
  readonly subselect: QueryNode;
}
export interface Aggref {
  readonly tag: "AGGREF";
  readonly aggfnoid: number;
  readonly aggtype: number;
  readonly aggdirectargs: NodeList<Expression>;
  readonly args: NodeList<TargetEntry>;
  readonly aggorder: NodeList<SortGroupClause>;
  readonly aggdistinct: NodeList<SortGroupClause>;
  readonly aggfilter: Expression | null;
  readonly aggstar: boolean;
  readonly aggvariadic: boolean;
  readonly aggkind: "n" | "o" | "h";
  readonly agglevelsup: number;
}
export interface WindowFunc {
  readonly tag: "WINDOWFUNC";
  readonly winfnoid: number;
  readonly wintype: number;
  readonly args: NodeList<Expression>;
  readonly aggfilter: Expression | null;
  readonly winref: number;
  readonly winstar: boolean;
  readonly winagg: boolean;
}
export interface GroupingFunc {
  readonly tag: "GROUPINGFUNC";
  readonly refs: NodeList<number>;
  readonly agglevelsup: number;
}
export interface SqlValueFunction {
  readonly tag: "SQLVALUEFUNCTION";
  readonly op: number;
  readonly type: number;
  readonly typmod: number;
}
/** Constructs that are refused by name; the tag says which. */
export interface UnservedNode {
  readonly tag:
    | "JSONCONSTRUCTOREXPR"
    | "JSONVALUEEXPR"
    | "JSONISPREDICATE"
    | "JSONEXPR"
    | "XMLEXPR"
    | "CURRENTOFEXPR"
    | "CONVERTROWTYPEEXPR"
    | "COERCETODOMAINVALUE"
    | "SETTODEFAULT"
    | "NEXTVALUEEXPR"
    | "MERGESUPPORTFUNC"
    | "RETURNINGEXPR";
}

export type Expression =
  | VarNode
  | ConstNode
  | ParamNode
  | FuncExpr
  | NamedArgExpr
  | OpExpr
  | ScalarArrayOpExpr
  | BoolExpr
  | NullTest
  | BooleanTest
  | CaseExpr
  | CaseTestExpr
  | CoalesceExpr
  | MinMaxExpr
  | RelabelType
  | CollateExpr
  | CoerceViaIo
  | ArrayCoerceExpr
  | CoerceToDomain
  | SubscriptingRef
  | ArrayExpr
  | RowExpr
  | RowCompareExpr
  | FieldSelect
  | SubLink
  | Aggref
  | WindowFunc
  | GroupingFunc
  | SqlValueFunction
  | UnservedNode;

/**
 * The statement in an analysis' `tree`. The text is PostgreSQL's own print of nodes it has checked, so
 * the types above are taken at their word beneath the first level.
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
