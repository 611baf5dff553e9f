/** CHECK constraints over one row that stands in parameters. */

import type { ShadowRelation } from "../../postgres/relation.ts";
import type { Execution } from "../execution.ts";
import { overText } from "./over.ts";
import { columnName } from "./physical.ts";

/** The one row, in a query that names it so. */
const ROW = "pgtide_row_now";

/**
 * A SELECT that gives a row when one of the constraints is broken; undefined: there are none;
 * `unknown`: they need more than the row.
 */
export function checkQuery(
  relation: ShadowRelation,
  execution: Execution,
): string | undefined | "unknown" {
  const checks = relation.constraints.filter(
    ({ kind, isEnforced }) => kind === "check" && isEnforced,
  );
  if (checks.length === 0) return undefined;
  const expressions = checks.map(({ tree }) => ({ tree: tree ?? "", storedAs: undefined }));
  const source = { from: ROW, rowNumber: "0", column: columnName };
  const sql = overText(relation, expressions, source, execution);
  if (sql === undefined) return "unknown";
  const broken = checks.map((_, at) => `k${at + 1} = false`);
  return `SELECT 1 AS n FROM (${sql}) WHERE ${broken.join(" OR ")}`;
}
