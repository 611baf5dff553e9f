/** Expressions of the catalogue (CHECK, indexes, generated columns) over rows that we hold. */

import { compileOver, type OverExpression } from "../../compile/over.ts";
import type { Plan } from "../../compile/plan.ts";
import type { EngineParameter } from "../../engine/request.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import { Oid } from "../../types/oids.ts";
import { compileContext } from "../compile-context.ts";
import type { Execution } from "../execution.ts";
import { PlanValues } from "../plan-values.ts";
import { bindPlan } from "../scan-binding.ts";
import { usedParameters } from "../used-parameters.ts";

/** No column of PostgreSQL has this number: it stands for the number of the row. */
const ROW_NUMBER = 32_000;
const ROW_NUMBER_TREE =
  `{VAR :varno 1 :varattno ${ROW_NUMBER} :vartype ${Oid.int8} :vartypmod -1 :varcollid 0` +
  " :varnullingrels (b) :varlevelsup 0 :varreturningtype 0 :varnosyn 1 :varattnosyn 1" +
  " :location -1}";

/** Rows, and where in them the columns of the relation are. */
export interface HeldSource {
  /** A relation of DuckDB, as it stands behind FROM. */
  readonly from: string;
  /** Tells rows apart. */
  readonly rowNumber: string;
  column(columnNumber: number): string;
}

export interface OverRows {
  /** Gives the row's number as k0 and the expressions as k1, k2... */
  readonly sql: string;
  readonly parameters: readonly EngineParameter[];
  readonly plan: Plan;
}

/** @throws SqlError 0A000 for an expression that we cannot compute */
export async function overRows(
  relation: ShadowRelation,
  expressions: readonly OverExpression[],
  source: HeldSource,
  execution: Execution,
): Promise<OverRows> {
  const plan = planOf(relation, expressions, execution);
  const values = await PlanValues.of(plan, execution);
  const held = { sql: heldText(relation, source), rowsRelations: [] };
  const bound = await bindPlan(plan, values, execution, held);
  const { sql, parameters } = usedParameters(bound.sql, values.parameters);
  return { sql: named(sql, plan), parameters, plan };
}

/** The same without parameters; undefined: it needs some, or other relations. */
export function overText(
  relation: ShadowRelation,
  expressions: readonly OverExpression[],
  source: HeldSource,
  execution: Execution,
): string | undefined {
  const plan = planOf(relation, expressions, execution);
  if (plan.parameters.length > 0 || plan.scans.some(({ kind }) => kind !== "changed")) {
    return undefined;
  }
  const rows = heldText(relation, source);
  const sql = plan.sql.map((piece) => (typeof piece === "string" ? piece : rows)).join("");
  return named(sql, plan);
}

function heldText({ columns }: ShadowRelation, source: HeldSource): string {
  const held = columns.map(({ number }, at) => `${source.column(number)} AS c${at + 1}`);
  held.push(`${source.rowNumber} AS c${columns.length + 1}`);
  return `(SELECT ${held.join(", ")} FROM ${source.from})`;
}

function named(sql: string, plan: Plan): string {
  const names = plan.columns.map((_, at) => `k${at}`).join(", ");
  return `SELECT * FROM (${sql}) AS q(${names})`;
}

const PLANS = new WeakMap<ShadowRelation, Map<string, Plan>>();

function planOf(
  relation: ShadowRelation,
  expressions: readonly OverExpression[],
  { settings, services }: Execution,
): Plan {
  const plans = PLANS.get(relation) ?? new Map<string, Plan>();
  PLANS.set(relation, plans);
  const key = JSON.stringify([expressions, settings.shadow]);
  const known = plans.get(key);
  if (known !== undefined) return known;
  const rowNumber = {
    number: ROW_NUMBER,
    name: "row number",
    typeOid: Oid.int8,
    typmod: -1,
    isNotNull: true,
  };
  const plan = compileOver(
    [...relation.columns, rowNumber],
    [{ tree: ROW_NUMBER_TREE, storedAs: undefined }, ...expressions],
    compileContext(settings, services.tables),
  );
  plans.set(key, plan);
  return plan;
}
