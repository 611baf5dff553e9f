/** Recognises a query that calls functions which act on sessions. */

import type { QueryNode } from "../compile/tree.ts";
import type { AnalyseRequest, Analysis } from "../postgres/analysis.ts";
import { factsNeeded } from "../postgres/containment.ts";
import { loadCatalogue } from "../types/catalogue.ts";
import { callsIn, effectShape } from "./effect-calls.ts";
import type { Statement } from "./statement.ts";

/** What nearly every text lacks. */
const MAY_CALL =
  /pg_(?:try_)?advisory|pg_sleep|_backend\b|set_config|pg_reload_conf|pg_rotate_logfile/i;

/** undefined: it calls none, or in a place where that is not understood, which is refused later. */
export function effectQuery(
  request: AnalyseRequest,
  { tree, parameterOids, notices }: Analysis,
  query: QueryNode,
): Extract<Statement, { readonly kind: "effects" }> | undefined {
  if (!MAY_CALL.test(request.text)) return undefined;
  const shape = effectShape(tree, query);
  if (shape === undefined || callsIn(request.text).length !== shape.count) return undefined;
  const catalogue = loadCatalogue();
  const columns = (query.targetList ?? []).flatMap(({ expr, resno }) =>
    expr.tag === "FUNCEXPR" && shape.isEffect(expr.funcid)
      ? [[resno - 1, catalogue.functionByOid(expr.funcid)?.name ?? ""] as const]
      : [],
  );
  return {
    kind: "effects",
    request: { ...request, parameterOids },
    factsNeeded: factsNeeded(tree),
    notices,
    isOnce: shape.isOnce,
    columns: new Map(columns),
  };
}
