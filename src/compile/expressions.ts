/** One expression of the tree as DuckDB SQL: the closed switch over all node kinds. */

import { aggregateCall } from "./aggregates.ts";
import {
  arrayConstructor,
  arrayTest,
  elementCast,
  fieldOf,
  rowConstructor,
  subscript,
} from "./arrays.ts";
import { functionCall, ioCast, operatorCall } from "./calls.ts";
import {
  booleanExpression,
  booleanTest,
  caseExpression,
  coalesce,
  greatestOrLeast,
  nullTest,
  rowComparison,
} from "./conditions.ts";
import { defaultShape, duckdbType } from "./duckdb-types.ts";
import type { Sql } from "./expression.ts";
import type { CollateExpr, Expression, RelabelType } from "./expression-nodes.ts";
import type { Scope } from "./generator.ts";
import { groupingCall } from "./grouping.ts";
import { refuse } from "./refusals.ts";
import { sequenceCall } from "./sequence-values.ts";
import { sessionValue } from "./session-values.ts";
import { subquery } from "./sublinks.ts";
import { constant, parameter, variable } from "./variables.ts";
import { windowCall } from "./windows.ts";

export function expression(node: Expression, scope: Scope): Sql {
  switch (node.tag) {
    case "VAR":
      return variable(node, scope);
    case "CONST":
      return constant(node);
    case "PARAM":
      return parameter(node, scope);
    case "FUNCEXPR":
      return functionCall(node, scope);
    case "OPEXPR":
    case "DISTINCTEXPR":
    case "NULLIFEXPR":
      return operatorCall(node, scope);
    case "SCALARARRAYOPEXPR":
      return arrayTest(node, scope);
    case "BOOLEXPR":
      return booleanExpression(node, scope);
    case "NULLTEST":
      return nullTest(node, scope);
    case "BOOLEANTEST":
      return booleanTest(node, scope);
    case "CASEEXPR":
      return caseExpression(node, scope);
    case "CASETESTEXPR":
      return scope.caseTest ?? refuse("a test value outside of CASE");
    case "COALESCEEXPR":
      return coalesce(node, scope);
    case "MINMAXEXPR":
      return greatestOrLeast(node, scope);
    case "RELABELTYPE":
      return relabel(node, scope);
    case "COLLATEEXPR":
      return collated(node, scope);
    case "COERCEVIAIO":
      return ioCast(node, scope);
    case "ARRAYCOERCEEXPR":
      return elementCast(node, scope);
    case "SUBSCRIPTINGREF":
      return subscript(node, scope);
    case "ARRAYEXPR":
      return arrayConstructor(node, scope);
    case "ROWEXPR":
      return rowConstructor(node, scope);
    case "ROWCOMPAREEXPR":
      return rowComparison(node, scope);
    case "FIELDSELECT":
      return fieldOf(node, scope);
    case "SUBLINK":
      return subquery(node, scope);
    case "AGGREF":
      return aggregateCall(node, scope);
    case "WINDOWFUNC":
      return windowCall(node, scope);
    case "GROUPINGFUNC":
      return groupingCall(node, scope);
    case "SQLVALUEFUNCTION":
      return sessionValue(node, scope.generator.calls);
    case "SEQUENCECALL":
      return sequenceCall(node, scope);
    default:
      return refuseNode(node);
  }
}

/** Also reached by tags that tree.ts does not know. */
function refuseNode(node: { readonly tag: string }): never {
  return refuse(`${node.tag.toLowerCase()}`);
}

/** Binary-coercible: the same carrier under another type; only integers to OIDs change theirs. */
function relabel(node: RelabelType, scope: Scope): Sql {
  const sql = scope.generator.expression(node.arg, scope);
  const typeOid = node.resulttype;
  const typmod = node.resulttypmod;
  const { representation } = sql.shape;
  const wanted = defaultShape(typeOid).representation;
  if (representation.kind === "array" && wanted.kind === "array") {
    const element = { ...representation.element, typeOid: wanted.element.typeOid };
    return { ...sql, shape: { typeOid, typmod, representation: { ...representation, element } } };
  }
  const shape = { typeOid, typmod, representation };
  if (representation.kind !== "plain" || duckdbType(shape) === duckdbType(sql.shape)) {
    return { ...sql, shape };
  }
  return { ...sql, text: `CAST(${sql.text} AS ${duckdbType(shape)})`, shape };
}

/** default, C, POSIX, ucs_basic: all are by bytes here. */
const BINARY_COLLATIONS: ReadonlySet<number> = new Set([100, 950, 951, 962]);

function collated(node: CollateExpr, scope: Scope): Sql {
  if (!BINARY_COLLATIONS.has(node.collOid)) return refuse("a collation other than C");
  return scope.generator.expression(node.arg, scope);
}
