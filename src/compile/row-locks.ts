/** FOR UPDATE and FOR SHARE: which tables' rows a SELECT keeps from being changed by others. */

import type { CompileContext, RowLocks } from "./plan.ts";
import { refuse } from "./refusals.ts";
import type { QueryNode, RowMarkClause } from "./tree.ts";

const NOWAIT = 2;

/** undefined: none. @throws SqlError 0A000 for rows that cannot be locked */
export function rowLocksOf(tree: QueryNode, context: CompileContext): RowLocks | undefined {
  const found: { readonly query: QueryNode; readonly mark: RowMarkClause }[] = [];
  walk(tree, (query) => {
    for (const mark of query.rowMarks ?? []) found.push({ query, mark });
  });
  if (found.length === 0) return undefined;
  const relationOids = found.flatMap(({ query, mark }) => {
    const entry = query.rtable?.[mark.rti - 1];
    // Of a subquery its own marks say it.
    if (entry?.rtekind !== 0) return [];
    const info = context.relation(entry.relid);
    if (info?.kind === "ordinary") return [entry.relid];
    return refuse("SELECT FOR UPDATE or SHARE of a time-series table");
  });
  const isPatient = found.every(({ mark }) => mark.waitPolicy !== NOWAIT);
  return { relationOids: [...new Set(relationOids)], isPatient };
}

function walk(value: unknown, visit: (query: QueryNode) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, visit);
    return;
  }
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return;
  if ((value as { readonly tag?: unknown }).tag === "QUERY") visit(value as QueryNode);
  for (const item of Object.values(value)) walk(item, visit);
}
