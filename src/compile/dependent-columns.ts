/**
 * Columns that are not grouped and that a grouped primary key decides: to DuckDB they are further
 * keys, which make no group smaller.
 */

import type { VarNode } from "./expression-nodes.ts";
import type { QueryNode } from "./tree.ts";

/** Each once, as Vars of the query's own level. */
export function dependentColumns(query: QueryNode, groupIndex: number): readonly VarNode[] {
  const found = new Map<string, VarNode>();
  const visit = (value: unknown, depth: number): void => {
    if (typeof value !== "object" || value === null || value instanceof Uint8Array) return;
    if (Array.isArray(value)) {
      for (const item of value) visit(item, depth);
      return;
    }
    const node = value as { readonly tag?: string };
    if (node.tag === "VAR") {
      const column = node as VarNode;
      if (column.varlevelsup !== depth || column.varno === groupIndex) return;
      const own = { ...column, varlevelsup: 0 };
      found.set(`${column.varno} ${column.varattno}`, own);
      return;
    }
    // What is aggregated is read before there are groups.
    const level = (node as { readonly agglevelsup?: number }).agglevelsup;
    if (level === depth) return;
    const inside = node.tag === "QUERY" ? depth + 1 : depth;
    for (const field of Object.values(node)) visit(field, inside);
  };
  visit(query.targetList, 0);
  visit(query.havingQual, 0);
  return [...found.values()];
}
