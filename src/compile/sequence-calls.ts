/**
 * nextval, currval, lastval and setval: the session owns sequences, so a call is computed before
 * the query runs. That is right only where PostgreSQL makes it exactly once; there the tree gets a
 * node of ours. Every other call is refused as a function that is not in the closed table.
 */

import type { Expression, SequenceCallNode } from "./expression-nodes.ts";
import type { QueryNode } from "./tree.ts";

export const SEQUENCE_FUNCTIONS: ReadonlyMap<number, SequenceCallNode["name"]> = new Map([
  [1574, "nextval"],
  [1575, "currval"],
  [1576, "setval"],
  [1765, "setval"],
  [2559, "lastval"],
]);

/** int2, int4 and int8 of an int8. */
const INTEGER_CASTS: ReadonlySet<number> = new Set([714, 480]);

export function isIntegerCast(functionOid: number): boolean {
  return INTEGER_CASTS.has(functionOid);
}

/** `SELECT nextval('s')`: one row, without conditions. */
export function withSequenceCalls(query: QueryNode): QueryNode {
  if (!hasOneRow(query) || query.commandType !== 1) return query;
  const once = onceCalls();
  const targetList = query.targetList?.map((entry) => ({ ...entry, expr: once(entry.expr) }));
  return targetList === undefined ? query : { ...query, targetList };
}

export function hasOneRow(query: QueryNode): boolean {
  const { jointree } = query;
  return (
    (jointree?.fromlist ?? []).length === 0 &&
    (jointree?.quals ?? null) === null &&
    query.setOperations === null &&
    query.limitCount === null &&
    query.limitOffset === null &&
    query.havingQual === null &&
    !query.hasTargetSRFs &&
    !query.hasAggs
  );
}

/** Replaces the calls in an expression that is evaluated once, on its unconditional paths. */
export function onceCalls(): (node: Expression) => Expression {
  let number = 0;
  const replace = (node: Expression): Expression => {
    switch (node.tag) {
      case "NEXTVALUEEXPR":
        number += 1;
        return { tag: "SEQUENCECALL", name: "nextval", number, args: [], sequenceOid: node.seqid };
      case "FUNCEXPR": {
        const args = node.args?.map(replace) ?? null;
        const name = SEQUENCE_FUNCTIONS.get(node.funcid);
        if (name === undefined) return { ...node, args };
        const sequenceOid = name === "lastval" ? 0 : constantOid(args?.[0]);
        if (sequenceOid === undefined) return node;
        number += 1;
        return { tag: "SEQUENCECALL", name, number, args: args?.slice(1) ?? [], sequenceOid };
      }
      case "OPEXPR":
        return { ...node, args: node.args.map(replace) };
      case "RELABELTYPE":
      case "COERCEVIAIO":
        return { ...node, arg: replace(node.arg) };
      default:
        return node;
    }
  };
  return replace;
}

/** The sequence of an expression that is nothing but its next value, in an integer type. */
export function drawnSequence(node: Expression): number | undefined {
  if (node.tag === "NEXTVALUEEXPR") return node.seqid;
  if (node.tag !== "FUNCEXPR") return undefined;
  const [arg] = node.args ?? [];
  if (SEQUENCE_FUNCTIONS.get(node.funcid) === "nextval") return constantOid(arg);
  return isIntegerCast(node.funcid) && arg !== undefined ? drawnSequence(arg) : undefined;
}

function constantOid(node: Expression | undefined): number | undefined {
  if (node?.tag !== "CONST" || node.constvalue === null) return undefined;
  const { buffer, byteOffset, byteLength } = node.constvalue;
  return new DataView(buffer, byteOffset, byteLength).getUint32(0, true);
}
