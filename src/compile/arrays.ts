/** ARRAY[..], subscripts, `op ANY (array)`, casts of elements, and records' fields. */

import { elementOidOf, Oid } from "../types/oids.ts";
import type { Shape } from "../types/shape.ts";
import { operatorName } from "./calls.ts";
import { comparable, groupKey } from "./comparisons.ts";
import { BOOLEAN, operatorTest } from "./conditions.ts";
import { defaultShape, duckdbType } from "./duckdb-types.ts";
import type { Sql } from "./expression.ts";
import type {
  ArrayCoerceExpr,
  ArrayExpr,
  Expression,
  FieldSelect,
  RowExpr,
  ScalarArrayOpExpr,
  SubscriptingRef,
} from "./expression-nodes.ts";
import type { Scope } from "./generator.ts";
import { literal } from "./literals.ts";
import { refuse } from "./refusals.ts";
import { convert, unify, unifyElements } from "./representations.ts";
import { record } from "./variables.ts";

export function arrayConstructor(node: ArrayExpr, scope: Scope): Sql {
  const items = (node.elements ?? []).map((each) => scope.generator.expression(each, scope));
  const base = { isConstant: items.every((item) => item.isConstant), mayBeNull: false } as const;
  if (items.length === 0) {
    const shape = defaultShape(node.array_typeid);
    return { ...base, text: `CAST([] AS ${duckdbType(shape)})`, shape };
  }
  const unified = unify(items);
  const inner = unified.shape.representation;
  if (inner.kind === "decimal-scaled") return arrayOfNumericTexts(unified.items, node, base);
  const representation = arrayRepresentation(unified.shape);
  const shape: Shape = { typeOid: node.array_typeid, typmod: -1, representation };
  return { ...base, text: `[${unified.items.map((item) => item.text).join(", ")}]`, shape };
}

function arrayRepresentation(item: Shape) {
  const inner = item.representation;
  if (inner.kind === "array") return { ...inner, dimensions: inner.dimensions + 1 };
  return { kind: "array", dimensions: 1, element: item } as const;
}

/** One LIST cannot hold a scale for each element. */
function arrayOfNumericTexts(
  items: readonly Sql[],
  node: ArrayExpr,
  base: { readonly isConstant: boolean; readonly mayBeNull: false },
): Sql {
  const element = defaultShape(Oid.numeric);
  const texts = items.map((item) => convert(item, element).text);
  const shape: Shape = {
    typeOid: node.array_typeid,
    typmod: -1,
    representation: { kind: "array", dimensions: 1, element },
  };
  return { ...base, text: `[${texts.join(", ")}]`, shape };
}

export function subscript(node: SubscriptingRef, scope: Scope): Sql {
  const { generator } = scope;
  const container = generator.expression(node.refexpr, scope);
  const { representation } = container.shape;
  if (node.refassgnexpr !== null) return refuse("assignment to an array element");
  if (container.shape.typeOid === Oid.jsonb) return jsonSubscript(node, container, scope);
  if (representation.kind !== "array") return refuse("a subscript of this type");
  const uppers = (node.refupperindexpr ?? []).map((each) =>
    each === null ? undefined : generator.expression(each, scope),
  );
  if (node.reflowerindexpr !== null) return slice(node, container, uppers, scope);
  const base = { isConstant: container.isConstant, mayBeNull: true } as const;
  const shape = representation.element;
  if (uppers.length !== representation.dimensions) {
    return { ...base, text: literal(null, shape.typeOid).text, shape };
  }
  const text = uppers.reduce((list, index) => elementAt(list, index), container.text);
  return { ...base, text, shape };
}

/** `j['a'][0]` is `j -> 'a' -> 0`. */
function jsonSubscript(node: SubscriptingRef, container: Sql, scope: Scope): Sql {
  const { generator } = scope;
  if (node.reflowerindexpr !== null) return refuse("a slice of jsonb");
  return (node.refupperindexpr ?? []).reduce((json, each) => {
    const key = each === null ? refuse("a slice of jsonb") : generator.expression(each, scope);
    const isText = key.shape.typeOid === Oid.text;
    const signature = isText ? "jsonb_object_field(jsonb,text)" : "jsonb_array_element(jsonb,int4)";
    const rule = generator.table.function(signature) ?? refuse("a subscript of jsonb");
    return rule({
      args: [json, key],
      isVariadicArray: false,
      resultType: Oid.jsonb,
      typmod: -1,
      signature,
      context: generator.calls,
    });
  }, container);
}

/** DuckDB counts negative subscripts from the end; PostgreSQL has nothing there. */
function elementAt(list: string, index: Sql | undefined): string {
  if (index === undefined) return refuse("a slice among subscripts");
  if (typeof index.constant === "number" && index.constant > 0) return `${list}[${index.constant}]`;
  return `(CASE WHEN ${index.text} >= 1 THEN ${list}[${index.text}] END)`;
}

function slice(
  node: SubscriptingRef,
  container: Sql,
  uppers: readonly (Sql | undefined)[],
  scope: Scope,
): Sql {
  const { representation } = container.shape;
  const lowers = (node.reflowerindexpr ?? []).map((each) =>
    each === null ? undefined : scope.generator.expression(each, scope),
  );
  if (representation.kind !== "array" || representation.dimensions > 1 || lowers.length > 1) {
    return refuse("a slice of an array of several dimensions");
  }
  const [lower, upper] = [lowers[0], uppers[0]];
  const from = lower === undefined ? "1" : `greatest(${lower.text}, 1)`;
  const until = upper === undefined ? `len(${container.text})` : `greatest(${upper.text}, 0)`;
  const sliced = `list_slice(${container.text}, ${from}, ${until})`;
  const bounds = [lower, upper].filter((bound) => bound?.mayBeNull === true);
  const nulls = bounds.map((bound) => `${bound?.text} IS NULL`).join(" OR ");
  const text = nulls === "" ? sliced : `(CASE WHEN ${nulls} THEN NULL ELSE ${sliced} END)`;
  return { text, shape: container.shape, isConstant: container.isConstant, mayBeNull: true };
}

/** `x op ANY (array)` (useOr) and `x op ALL (array)`. */
export function arrayTest(node: ScalarArrayOpExpr, scope: Scope): Sql {
  const { generator } = scope;
  const [leftNode, rightNode] = node.args;
  const left = generator.expression(leftNode, scope);
  const items = listedItems(rightNode, scope);
  if (items !== undefined) return listTest(node, left, items, scope);
  const array = generator.expression(rightNode, scope);
  return columnArrayTest(node, left, array, scope);
}

/** The elements where the array is written out or constant. */
function listedItems(node: Expression, scope: Scope): readonly Sql[] | undefined {
  if (node.tag === "ARRAYEXPR" && !node.multidims) {
    return (node.elements ?? []).map((each) => scope.generator.expression(each, scope));
  }
  if (node.tag !== "CONST" && node.tag !== "RELABELTYPE") return undefined;
  const array = scope.generator.expression(node, scope);
  const { constant } = array;
  const element = elementOidOf(array.shape.typeOid);
  if (typeof constant !== "object" || constant === null || element === undefined) return undefined;
  if (!("kind" in constant) || constant.kind !== "array") return undefined;
  return constant.elements.map((value) => literal(value, element));
}

function listTest(node: ScalarArrayOpExpr, left: Sql, items: readonly Sql[], scope: Scope): Sql {
  const { generator } = scope;
  const isConstant = left.isConstant && items.every((item) => item.isConstant);
  const base = { shape: BOOLEAN, isConstant, mayBeNull: true } as const;
  if (items.length === 0) return { ...base, text: node.useOr ? "FALSE" : "TRUE", mayBeNull: false };
  const isEquality = operatorName(node.opno, generator) === (node.useOr ? "=" : "<>");
  const isPlain = left.shape.representation.kind !== "row";
  if (isEquality && isPlain) {
    const pairs = items.map((item) => comparable(left, item, generator.calls.isUtc));
    const [first] = pairs;
    if (first !== undefined && pairs.every(([a]) => a === first[0])) {
      const list = pairs.map(([, b]) => b).join(", ");
      return { ...base, text: `(${first[0]} ${node.useOr ? "IN" : "NOT IN"} (${list}))` };
    }
  }
  const tests = items.map((item) => operatorTest(node.opno, left, item, generator).text);
  return { ...base, text: `(${tests.join(node.useOr ? " OR " : " AND ")})` };
}

/** Only (in)equality: other operators would need a lambda over columns, which DuckDB lacks. */
function columnArrayTest(node: ScalarArrayOpExpr, left: Sql, array: Sql, scope: Scope): Sql {
  const name = operatorName(node.opno, scope.generator);
  const { representation } = array.shape;
  if (name !== (node.useOr ? "=" : "<>")) return refuse(`operator ${name} ANY over a column`);
  if (representation.kind !== "array" || representation.dimensions > 1) {
    return refuse("ANY over an array of several dimensions");
  }
  const element = unifyElements(left.shape, representation.element);
  const target = element.representation.kind.startsWith("decimal")
    ? defaultShape(Oid.numeric)
    : element;
  const value = convert(left, target);
  const list = convert(array, {
    ...array.shape,
    representation: { ...representation, element: target },
  });
  const [a, x] = [groupKey(list), groupKey(value)];
  const found =
    `(CASE WHEN list_contains(${a}, ${x}) THEN TRUE` +
    ` WHEN ${a} IS NULL OR (len(${a}) > 0 AND (${x} IS NULL OR len(${a}) > list_count(${a})))` +
    ` THEN NULL ELSE FALSE END)`;
  const isConstant = left.isConstant && array.isConstant;
  const text = node.useOr ? found : `(NOT ${found})`;
  return { text, shape: BOOLEAN, isConstant, mayBeNull: true };
}

export function elementCast(node: ArrayCoerceExpr, scope: Scope): Sql {
  const array = scope.generator.expression(node.arg, scope);
  const { representation } = array.shape;
  if (representation.kind !== "array") return refuse("a cast of this array");
  const { element } = representation;
  const caseTest: Sql = { text: "e", shape: element, isConstant: false, mayBeNull: true };
  const cast = scope.generator.expression(node.elemexpr, { ...scope, caseTest });
  const shape: Shape = {
    typeOid: node.resulttype,
    typmod: node.resulttypmod,
    representation: { ...representation, element: cast.shape },
  };
  const text = Array.from({ length: representation.dimensions }).reduce<string>(
    (inner, _, depth) => {
      const name = depth === 0 ? "e" : `e${depth}`;
      return depth === representation.dimensions - 1
        ? `list_transform(${array.text}, lambda ${name}: ${inner})`
        : `list_transform(e${depth + 1}, lambda ${name}: ${inner})`;
    },
    cast.text,
  );
  return { text, shape, isConstant: array.isConstant, mayBeNull: array.mayBeNull };
}

export function rowConstructor(node: RowExpr, scope: Scope): Sql {
  const fields = (node.args ?? []).map((arg) => scope.generator.expression(arg, scope));
  return record(fields, node.row_typeid, node.colnames ?? []);
}

export function fieldOf(node: FieldSelect, scope: Scope): Sql {
  const row = scope.generator.expression(node.arg, scope);
  const known = row.fields?.[node.fieldnum - 1];
  if (known !== undefined) return known;
  const { representation } = row.shape;
  const shape =
    representation.kind === "row" ? representation.fields[node.fieldnum - 1] : undefined;
  if (shape === undefined) return refuse("a field of this record");
  const text = `struct_extract(${row.text}, 'c${node.fieldnum}')`;
  const isSet = row.isSet === true ? { isSet: true } : {};
  return { text, shape, isConstant: row.isConstant, mayBeNull: true, ...isSet };
}
