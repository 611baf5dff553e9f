/**
 * INSERT ... VALUES whose cells need no query: constants, parameters, what the session knows. The
 * session makes the rows of them by itself.
 */

import { SqlError } from "../base/errors.ts";
import { Oid } from "../types/oids.ts";
import { applyTypmod } from "../types/typmod.ts";
import type { SqlValue } from "../types/value.ts";
import { VALUE_CASTS } from "../types/value-casts.ts";
import { scopeOf } from "./change-target.ts";
import { startCompilation } from "./compilation.ts";
import { decodeConstant } from "./constants.ts";
import type { ConstNode, Expression, FuncExpr } from "./expression-nodes.ts";
import type {
  CompileContext,
  ParameterSource,
  RelationColumn,
  RelationInfo,
  Scalar,
} from "./plan.ts";
import { toPlain } from "./representations.ts";
import { scalarOf } from "./scalars.ts";
import { drawnSequence } from "./sequence-calls.ts";
import type { QueryNode } from "./tree.ts";

export interface RowProgram {
  /** For each row a cell for each column of the table, in column order. */
  readonly rows: readonly (readonly RowCell[])[];
  /** What is computed once a statement, over `parameters`. */
  readonly scalars: readonly Scalar[];
  readonly parameters: readonly ParameterSource[];
}

export type RowCell =
  | { readonly kind: "constant"; readonly value: SqlValue }
  /** `casts` are functions of VALUE_CASTS, the first one first; then the column's modifier. */
  | { readonly kind: "parameter"; readonly index: number; readonly casts: readonly number[] }
  | { readonly kind: "transaction-time" }
  /** int8, to be checked against the column's type. */
  | { readonly kind: "sequence"; readonly sequenceOid: number }
  | { readonly kind: "scalar"; readonly index: number };

/** undefined: it needs a query. */
export function rowProgram(
  query: QueryNode,
  info: RelationInfo,
  context: CompileContext,
): RowProgram | undefined {
  const program = new ProgramBuilder(query, context);
  const rows = sourceRows(query);
  if (rows === undefined) return undefined;
  const cells: RowCell[][] = [];
  for (const row of rows) {
    const made = info.columns.map((column) => program.cell(cellOf(query, column, row), column));
    if (!made.every((cell) => cell !== undefined)) return undefined;
    cells.push(made);
  }
  const { scalars, parameters } = program;
  return { rows: cells, scalars, parameters };
}

/** The cells of the VALUES list: one row of none where the target list says it all. */
function sourceRows(query: QueryNode): readonly (readonly Expression[])[] | undefined {
  if (query.cteList !== null || query.hasSubLinks || query.hasTargetSRFs) return undefined;
  const items = query.jointree?.fromlist ?? [];
  const [item] = items;
  if (item === undefined) return [[]];
  const entry = item.tag === "RANGETBLREF" ? query.rtable?.[item.rtindex - 1] : undefined;
  if (items.length > 1 || entry?.rtekind !== 5) return undefined;
  return entry.values_lists ?? undefined;
}

/** What the column gets; undefined: nothing. */
function cellOf(
  query: QueryNode,
  column: RelationColumn,
  row: readonly Expression[],
): Expression | undefined {
  const entry = query.targetList?.find(({ resno }) => resno === column.number);
  if (entry?.expr.tag === "VAR" && row.length > 0) return row[entry.expr.varattno - 1];
  return entry?.expr;
}

const NOW: ReadonlySet<number> = new Set([1299, 2647]);
/** SQLVALUEFUNCTION: CURRENT_TIMESTAMP. */
const CURRENT_TIMESTAMP_OP = 3;
/** varchar, bpchar, numeric, timestamp, timestamptz, time to a modifier. */
const MODIFIER_CASTS: ReadonlySet<number> = new Set([669, 668, 1703, 1961, 1967, 1968]);

class ProgramBuilder {
  readonly scalars: Scalar[] = [];
  readonly #compilation;
  readonly #scope;

  constructor(query: QueryNode, context: CompileContext) {
    this.#compilation = startCompilation(context, false);
    this.#scope = scopeOf(query, this.#compilation.generator, false);
  }

  get parameters(): readonly ParameterSource[] {
    return this.#compilation.generator.parameters;
  }

  /** undefined: it needs a query. */
  cell(node: Expression | undefined, column: RelationColumn): RowCell | undefined {
    if (node === undefined) return { kind: "constant", value: null };
    const sequenceOid = drawnSequence(node);
    if (sequenceOid !== undefined) return { kind: "sequence", sequenceOid };
    if (isNow(node) && column.typeOid === Oid.timestamptz) return { kind: "transaction-time" };
    const value = constantValue(node, column);
    if (value !== undefined) return { kind: "constant", value };
    const parameter = parameterCell(node, column, []);
    return parameter ?? this.#scalar(node, column);
  }

  /** Made of constants, parameters and the clock: computed by the engine, once. */
  #scalar(node: Expression, column: RelationColumn): RowCell | undefined {
    if (column.typeOid >= FIRST_USER_OID) return undefined;
    try {
      const sql = toPlain(this.#compilation.generator.expression(node, this.#scope));
      if (!sql.isConstant || sql.shape.typeOid !== column.typeOid || sql.fields !== undefined) {
        return undefined;
      }
      if (sql.scale !== undefined || hasSequence(this.parameters)) return undefined;
      return { kind: "scalar", index: this.scalars.push(scalarOf(sql)) - 1 };
    } catch (cause) {
      if (cause instanceof SqlError) return undefined;
      throw cause;
    }
  }
}

const FIRST_USER_OID = 16_384;

function hasSequence(parameters: readonly ParameterSource[]): boolean {
  return parameters.some(
    ({ kind }) => kind === "sequence" || kind === "function" || kind === "catalog-function",
  );
}

function isNow(node: Expression): boolean {
  if (node.tag === "FUNCEXPR") return NOW.has(node.funcid);
  return node.tag === "SQLVALUEFUNCTION" && node.op === CURRENT_TIMESTAMP_OP;
}

/** The value of a constant under casts; undefined: it is none, or the casts fail. */
function constantValue(node: Expression, column: RelationColumn): SqlValue | undefined {
  if (node.tag === "RELABELTYPE") {
    return TEXTS.has(node.resulttype) ? constantValue(node.arg, column) : undefined;
  }
  if (node.tag === "CONST") return decoded(node);
  if (node.tag !== "FUNCEXPR") return undefined;
  const [arg] = node.args ?? [];
  const cast = VALUE_CASTS.get(node.funcid);
  const isModifier = isOwnModifier(node, column);
  if (arg === undefined || (cast === undefined && !isModifier)) return undefined;
  const value = constantValue(arg, column);
  if (value === undefined || value === null) return value;
  try {
    return isModifier ? applyTypmod(value, column.typeOid, column.typmod) : cast?.(value);
  } catch (cause) {
    if (cause instanceof SqlError) return undefined;
    throw cause;
  }
}

const TEXTS: ReadonlySet<number> = new Set([Oid.text, Oid.varchar]);

function decoded(node: ConstNode): SqlValue | undefined {
  if (node.constisnull || node.constvalue === null) return null;
  if (node.consttype >= FIRST_USER_OID) return undefined;
  return decodeConstant(node.constvalue, node.consttype);
}

/** `casts` stand around `node`, the outermost first. */
function parameterCell(
  node: Expression,
  column: RelationColumn,
  casts: readonly number[],
): RowCell | undefined {
  if (node.tag === "RELABELTYPE") {
    return TEXTS.has(node.resulttype) ? parameterCell(node.arg, column, casts) : undefined;
  }
  if (node.tag === "PARAM") {
    if (node.paramkind !== 0 || node.paramtype >= FIRST_USER_OID) return undefined;
    return { kind: "parameter", index: node.paramid - 1, casts: casts.toReversed() };
  }
  if (node.tag !== "FUNCEXPR") return undefined;
  const [arg] = node.args ?? [];
  if (arg === undefined) return undefined;
  if (casts.length === 0 && isOwnModifier(node, column)) return parameterCell(arg, column, []);
  if (!VALUE_CASTS.has(node.funcid)) return undefined;
  return parameterCell(arg, column, [...casts, node.funcid]);
}

/** The cast to the column's own modifier, which the session makes of every parameter. */
function isOwnModifier(node: FuncExpr, column: RelationColumn): boolean {
  const [, modifier] = node.args ?? [];
  if (!MODIFIER_CASTS.has(node.funcid) || node.funcresulttype !== column.typeOid) return false;
  if (modifier?.tag !== "CONST" || modifier.constvalue === null) return false;
  return decodeConstant(modifier.constvalue, modifier.consttype) === column.typmod;
}
