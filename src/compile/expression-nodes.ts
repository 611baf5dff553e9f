/**
 * The expression nodes of an analysed query, as PostgreSQL 18 prints them (primnodes.h). Fields
 * that nobody reads are left out.
 */

import type { NodeList, QueryNode, SortGroupClause, TargetEntry } from "./tree.ts";

export interface VarNode {
  readonly tag: "VAR";
  readonly varno: number;
  readonly varattno: number;
  readonly vartype: number;
  readonly vartypmod: number;
  readonly varlevelsup: number;
  readonly varnullingrels: NodeList<number>;
  /** In RETURNING: 0 default, 1 OLD, 2 NEW. */
  readonly varreturningtype: number;
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
  /**
   * 0 external, 2 column of the surrounding SubLink, 3 column of a SubLink of SET (a, b) = (..),
   * whose id stands in the upper 16 bits.
   */
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
  readonly colnames: NodeList<string>;
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
  /** Of multiexpr. */
  readonly subLinkId: number;
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
/** The next value of an identity column. */
export interface NextValueExpr {
  readonly tag: "NEXTVALUEEXPR";
  readonly seqid: number;
  readonly typeId: number;
}
/** A call of a sequence function that is made once: never printed, put in by sequence-calls.ts. */
export interface SequenceCallNode {
  readonly tag: "SEQUENCECALL";
  readonly name: "nextval" | "currval" | "lastval" | "setval";
  readonly number: number;
  /** Without the sequence. */
  readonly args: readonly Expression[];
  /** 0 for lastval. */
  readonly sequenceOid: number;
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
  | NextValueExpr
  | SequenceCallNode
  | UnservedNode;
