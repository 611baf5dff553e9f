/** Whether a query reads columns of the queries around it. */

import type { VarNode } from "./expression-nodes.ts";
import type { QueryNode } from "./tree.ts";

export function isCorrelated(query: QueryNode): boolean {
  const reachesOut = (value: unknown, depth: number): boolean => {
    if (typeof value !== "object" || value === null || value instanceof Uint8Array) return false;
    if (Array.isArray(value)) return value.some((item) => reachesOut(item, depth));
    const { tag } = value as { readonly tag?: string };
    if (tag === "VAR") return (value as VarNode).varlevelsup > depth;
    const inside = tag === "QUERY" ? depth + 1 : depth;
    return Object.values(value).some((field) => reachesOut(field, inside));
  };
  return Object.values(query).some((field) => reachesOut(field, 0));
}
