/** Calls of functions, operators and casts: the OID becomes a signature, the signature a rule. */

import type { FunctionEntry } from "../types/catalogue.ts";
import { Oid, typeNameOf } from "../types/oids.ts";
import type { Call, SetResult } from "./closed-table.ts";
import { comparable } from "./comparisons.ts";
import { defaultShape } from "./duckdb-types.ts";
import type { Sql } from "./expression.ts";
import type { CoerceViaIo, Expression, FuncExpr, OpExpr } from "./expression-nodes.ts";
import type { Generator, Scope } from "./generator.ts";
import { literal } from "./literals.ts";
import { refuse } from "./refusals.ts";
import { scalarOf } from "./scalars.ts";
import { bindParameter } from "./variables.ts";

/** Our own functions, one schema a table: they answer from the log, not from rows. */
const OWN_SCHEMA = /^(pg_tide_\d+|tstable)$/;

export function functionCall(node: FuncExpr, scope: Scope): Sql {
  const { generator } = scope;
  if (isOwnFunction(node.funcid, generator)) return ownFunction(node, scope);
  if (node.funcretset) {
    const set = setCall(node, scope);
    return { ...unnested(set), isSet: true };
  }
  const call = callOf(node, scope);
  const rule = generator.table.function(call.signature);
  if (rule === undefined) {
    return catalogFunction(node.funcid, call, generator) ?? refuseFunction(call.signature);
  }
  return nullOfStrict(node.funcid, call.args, node.funcresulttype, generator) ?? rule(call);
}

/** Types of results that need no more than their text to be read. */
const ANSWERED_TYPES: ReadonlySet<number> = new Set([
  Oid.bool,
  Oid.int2,
  Oid.int4,
  Oid.int8,
  Oid.oid,
  Oid.float8,
  Oid.text,
  Oid.name,
  Oid.regclass,
  Oid.regtype,
]);

/** undefined: its value depends on rows, or may not be asked for. */
function catalogFunction(functionOid: number, call: Call, generator: Generator): Sql | undefined {
  const { args, resultType: typeOid } = call;
  const { session } = generator.calls;
  if (!ANSWERED_TYPES.has(typeOid) || session.mayAskCatalog?.(functionOid) !== true)
    return undefined;
  if (!args.every(({ isConstant }) => isConstant)) return undefined;
  const source = {
    kind: "catalog-function",
    functionOid,
    args: args.map(scalarOf),
    typeOid,
  } as const;
  return generator.calls.parameter(source, defaultShape(typeOid));
}

/** A strict function of NULL is NULL: DuckDB gives such an expression types of its own. */
function nullOfStrict(
  oid: number,
  args: readonly Sql[],
  resultType: number,
  generator: Generator,
): Sql | undefined {
  if (!args.some((arg) => arg.constant === null)) return undefined;
  const entry = generator.catalogue.functionByOid(oid);
  return entry?.isStrict === true ? literal(null, resultType) : undefined;
}

/** The list of a set-returning call, for `unnest`. */
export function setCall(node: FuncExpr, scope: Scope): SetResult {
  const call = callOf(node, scope);
  const rule = scope.generator.table.set(call.signature) ?? refuseFunction(call.signature);
  return rule(call);
}

function unnested(set: SetResult): Sql {
  const [only] = set.columns;
  const text = `unnest(${set.list})`;
  if (only !== undefined && set.columns.length === 1) {
    return { text, shape: only, isConstant: false, mayBeNull: true };
  }
  const shape = {
    typeOid: Oid.record,
    typmod: -1,
    representation: { kind: "row", fields: set.columns },
  } as const;
  return { text, shape, isConstant: false, mayBeNull: true };
}

export function refuseFunction(signature: string): never {
  return refuse(`function ${signature.replaceAll(",", ", ")}`);
}

/** The signature of a built-in; by name alone for a function made by a user, which is refused. */
export function signatureOf(oid: number, generator: Generator): string {
  const signature = generator.catalogue.signature(oid);
  if (signature !== undefined) return signature;
  const name = generator.calls.session.functionName(oid);
  return refuse(`function ${name === undefined ? oid : `${name.schema}.${name.name}`}`);
}

function callOf(node: FuncExpr, scope: Scope): Call {
  const { generator } = scope;
  const signature = signatureOf(node.funcid, generator);
  const entry = generator.catalogue.functionByOid(node.funcid);
  return {
    args: argumentsOf(node.args ?? [], entry, scope),
    isVariadicArray: node.funcvariadic && entry?.variadicOid !== 0,
    resultType: node.funcresulttype,
    typmod: -1,
    signature,
    context: generator.calls,
  };
}

/** Named arguments stand where they are written and defaults are not filled in at this stage. */
function argumentsOf(
  nodes: readonly Expression[],
  entry: FunctionEntry | undefined,
  scope: Scope,
): readonly Sql[] {
  const { generator } = scope;
  const args: (Sql | undefined)[] = [];
  for (const [index, node] of nodes.entries()) {
    if (node.tag === "NAMEDARGEXPR") args[node.argnumber] = generator.expression(node.arg, scope);
    else args[index] = generator.expression(node, scope);
  }
  const declared = entry?.argumentOids ?? [];
  const defaults = entry?.defaults ?? [];
  const firstDefault = declared.length - defaults.length;
  const count = Math.max(args.length, declared.length);
  return Array.from({ length: count }, (_, index) => {
    const given = args[index];
    if (given !== undefined) return given;
    const text = defaults[index - firstDefault] ?? defaultText(entry);
    return defaultArgument(text, declared[index] ?? Oid.text);
  });
}

/** Functions of ours take NULL for what is not given. */
function defaultText(entry: FunctionEntry | undefined): string {
  return entry === undefined ? "NULL" : refuse("a call without its arguments");
}

/** Defaults of built-ins are literals: `false`, `0`, `'{}'::jsonb`, `NULL::text`. */
function defaultArgument(text: string, typeOid: number): Sql {
  const bare = text.replace(/::[\w" ]+(\[\])?$/, "");
  if (/^null$/i.test(bare)) return literal(null, typeOid);
  if (typeOid === Oid.bool) return literal(bare === "true", typeOid);
  const quoted = /^'(.*)'$/.exec(bare)?.[1] ?? bare;
  switch (typeOid) {
    case Oid.int2:
    case Oid.int4:
    case Oid.float4:
    case Oid.float8:
      return literal(Number(quoted), typeOid);
    case Oid.int8:
      return literal(BigInt(quoted), typeOid);
    case Oid.text:
    case Oid.jsonb:
    case Oid.numeric:
      return literal(quoted.replaceAll("''", "'"), typeOid);
    default:
      return refuse(`the default argument ${text}`);
  }
}

function isOwnFunction(oid: number, generator: Generator): boolean {
  return ownName(oid, generator) !== undefined;
}

function ownName(oid: number, generator: Generator) {
  const built = generator.catalogue.functionByOid(oid);
  const name = built ?? generator.calls.session.functionName(oid);
  return name !== undefined && OWN_SCHEMA.test(name.schema) ? name : undefined;
}

/** @throws SqlError 0A000 when an argument depends on rows. */
export function ownArguments(node: FuncExpr, scope: Scope) {
  const name = ownName(node.funcid, scope.generator);
  if (name === undefined) return undefined;
  const args = argumentsOf(node.args ?? [], undefined, scope);
  if (args.some((arg) => !arg.isConstant)) {
    return refuse(`function ${name.name} with arguments that depend on rows`);
  }
  return args.map(scalarOf);
}

function ownFunction(node: FuncExpr, scope: Scope): Sql {
  if (node.funcretset) return refuse("a set of rows from the table store outside of FROM");
  return bindParameter(
    scope.generator,
    {
      kind: "function",
      functionOid: node.funcid,
      args: ownArguments(node, scope) ?? [],
      typeOid: node.funcresulttype,
    },
    defaultShape(node.funcresulttype),
  );
}

/** An operator with its operands generated. */
export function applyOperator(
  opno: number,
  args: readonly Sql[],
  resultType: number,
  generator: Generator,
): Sql {
  const operator = generator.catalogue.operatorByOid(opno) ?? refuse(`operator ${opno}`);
  const signature = signatureOf(operator.functionOid, generator);
  const rule = generator.table.function(signature);
  if (rule === undefined) {
    const types = generator.catalogue.operatorSignature(opno) ?? operator.name;
    return refuse(`operator ${types.replace(/^([^(]+)\((.*),(.*)\)$/, "$2 $1 $3").trim()}`);
  }
  const known = nullOfStrict(operator.functionOid, args, resultType, generator);
  const context = generator.calls;
  return (
    known ?? rule({ args, isVariadicArray: false, resultType, typmod: -1, signature, context })
  );
}

export function operatorName(opno: number, generator: Generator): string | undefined {
  return generator.catalogue.operatorByOid(opno)?.name;
}

export function operatorCall(node: OpExpr, scope: Scope): Sql {
  const { generator } = scope;
  const args = node.args.map((arg) => generator.expression(arg, scope));
  if (node.tag === "OPEXPR") return applyOperator(node.opno, args, node.opresulttype, generator);
  const [left, right] = args as [Sql, Sql];
  if (operatorName(node.opno, generator) !== "=") return refuse("a comparison without =");
  const [a, b] = comparable(left, right, generator.calls.isUtc);
  const isConstant = left.isConstant && right.isConstant;
  if (node.tag === "DISTINCTEXPR") {
    const shape = defaultShape(Oid.bool);
    return { text: `(${a} IS DISTINCT FROM ${b})`, shape, isConstant, mayBeNull: false };
  }
  const { constant: _, plainText: __, ...rest } = left;
  const text = `(CASE WHEN ${a} = ${b} THEN NULL ELSE ${left.text} END)`;
  return { ...rest, text, isConstant, mayBeNull: true };
}

export function ioCast(node: CoerceViaIo, scope: Scope): Sql {
  const { generator } = scope;
  const arg = generator.expression(node.arg, scope);
  return castThroughText(arg, node.resulttype, generator);
}

function castThroughText(arg: Sql, resultType: number, generator: Generator): Sql {
  const from = typeName(arg.shape.typeOid, generator);
  const to = typeName(resultType, generator);
  const rule = generator.table.cast(from, to) ?? refuse(`a cast from ${from} to ${to}`);
  return rule({
    args: [arg],
    isVariadicArray: false,
    resultType,
    typmod: -1,
    signature: `${from}->${to}`,
    context: generator.calls,
  });
}

function typeName(oid: number, generator: Generator): string {
  return generator.catalogue.typeByOid(oid)?.name ?? typeNameOf(oid);
}

/** The cast that PostgreSQL would insert: for leaves of set operations, which it leaves uncast. */
export function castTo(arg: Sql, typeOid: number, generator: Generator): Sql {
  if (arg.shape.typeOid === typeOid) return arg;
  if (arg.constant === null) return literal(null, typeOid);
  const cast = generator.catalogue.cast(arg.shape.typeOid, typeOid);
  const from = arg.shape.typeOid;
  if (cast === undefined && from !== Oid.unknown) return refuse("a cast between branches");
  if (cast?.method === "b") return { ...arg, shape: { ...arg.shape, typeOid } };
  if (cast === undefined || cast.method === "i") return castThroughText(arg, typeOid, generator);
  const signature = signatureOf(cast.functionOid, generator);
  const rule = generator.table.function(signature) ?? refuseFunction(signature);
  const context = generator.calls;
  return rule({
    args: [arg],
    isVariadicArray: false,
    resultType: typeOid,
    typmod: -1,
    signature,
    context,
  });
}
