/**
 * nextval, currval and setval as columns of a query over rows: PostgreSQL calls them for each row
 * of the result. Their arguments become columns, and the session calls for each row that it reads.
 */

import { Oid } from "../types/oids.ts";
import type { Expression } from "./expression-nodes.ts";
import { hasOneRow, SEQUENCE_FUNCTIONS } from "./sequence-calls.ts";
import type { QueryNode, TargetEntry } from "./tree.ts";

export interface RowCall {
  readonly name: "nextval" | "currval" | "setval";
  /** Where the value goes, from 0; the sequence's OID stands there. */
  readonly column: number;
  /** Where setval's value and flag stand, behind all columns of the query. */
  readonly args: readonly number[];
}

/** undefined: there is no such column, or one that more depends on. */
export function withRowCalls(
  query: QueryNode,
): { readonly query: QueryNode; readonly calls: readonly RowCall[] } | undefined {
  const targets = query.targetList ?? [];
  if (query.commandType !== 1 || !targets.some((one) => calledIn(one) !== undefined))
    return undefined;
  const isPlain = [query.distinctClause, query.setOperations, query.rowMarks].every(
    (clause) => clause == null || (Array.isArray(clause) && clause.length === 0),
  );
  if (hasOneRow(query) || !isPlain || query.hasTargetSRFs) return undefined;
  const count = targets.filter(({ resjunk }) => !resjunk).length;
  const added: Expression[] = [];
  const calls: RowCall[] = [];
  const kept = targets.map((entry): TargetEntry => {
    const call = calledIn(entry);
    if (call === undefined) return entry;
    const [sequence, ...rest] = call.args;
    const args = rest.map((arg) => count + added.push(arg) - 1);
    calls.push({ name: call.name, column: entry.resno - 1, args });
    const oid = { arg: sequence, resulttype: Oid.oid, resulttypmod: -1 } as const;
    return { ...entry, expr: { tag: "RELABELTYPE", ...oid } };
  });
  const visible = kept.filter(({ resjunk }) => !resjunk);
  const more = added.map(
    (expr, index): TargetEntry => ({
      tag: "TARGETENTRY",
      expr,
      resno: count + index + 1,
      resname: `arg${index + 1}`,
      ressortgroupref: 0,
      resjunk: false,
    }),
  );
  const junk = kept.filter(({ resjunk }) => resjunk);
  const moved = junk.map((entry) => ({ ...entry, resno: entry.resno + more.length }));
  return { query: { ...query, targetList: [...visible, ...more, ...moved] }, calls };
}

function calledIn({
  expr,
  resjunk,
  ressortgroupref,
}: TargetEntry):
  | { readonly name: RowCall["name"]; readonly args: readonly [Expression, ...Expression[]] }
  | undefined {
  if (expr.tag !== "FUNCEXPR" || resjunk || ressortgroupref !== 0) return undefined;
  const name = SEQUENCE_FUNCTIONS.get(expr.funcid);
  const [sequence, ...rest] = expr.args ?? [];
  if (name === undefined || name === "lastval" || sequence === undefined) return undefined;
  return { name, args: [sequence, ...rest] };
}
