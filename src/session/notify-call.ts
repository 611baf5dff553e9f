/** SELECTs over `pg_notify` and `pg_listening_channels`, which act on the session or ask it. */

import { decodeConstant } from "../compile/constants.ts";
import type { Expression } from "../compile/expression-nodes.ts";
import type { QueryNode, TargetEntry } from "../compile/tree.ts";
import type { NotifyArgument, NotifyCall } from "./statement.ts";

const PG_NOTIFY = 3036;
const PG_LISTENING_CHANNELS = 3035;

/**
 * Every column is a pg_notify; undefined: the query is another. Where an argument is more than a
 * constant or a parameter, or there is anything to select from, `query` computes the arguments.
 */
export function notifyCalls(
  query: QueryNode,
): { readonly calls: readonly NotifyCall[] } | { readonly query: QueryNode } | undefined {
  const targets = (query.targetList ?? []).filter(({ resjunk }) => !resjunk);
  const hidden = (query.targetList ?? []).filter(({ resjunk }) => resjunk);
  const args = targets.flatMap(({ expr }) =>
    expr.tag === "FUNCEXPR" && expr.funcid === PG_NOTIFY ? [expr.args ?? []] : [],
  );
  if (targets.length === 0 || args.length < targets.length) return undefined;
  if (isBare(query)) {
    const calls = args.map(([channel, payload]) => {
      return { channel: argumentOf(channel), payload: argumentOf(payload) };
    });
    if (calls.every(isKnown)) return { calls };
  }
  const shown = columns(args.flat());
  const sorted = hidden.map((target, index) => ({ ...target, resno: shown.length + index + 1 }));
  return { query: { ...query, targetList: [...shown, ...sorted] } };
}

/** `SELECT pg_listening_channels()` and `SELECT * FROM pg_listening_channels()`. */
export function asksForChannels(query: QueryNode): boolean {
  const [target, ...others] = query.targetList ?? [];
  if (others.length > 0 || !isUnordered(query)) return false;
  const from = (query.rtable ?? []).filter(({ rtekind }) => rtekind !== 8);
  if (from.length === 0) return isCall(target?.expr, PG_LISTENING_CHANNELS);
  const [call] = from[0]?.functions ?? [];
  const isPlain = from.length === 1 && from[0]?.funcordinality === false;
  return isPlain && target?.expr.tag === "VAR" && isCall(call?.funcexpr, PG_LISTENING_CHANNELS);
}

function isCall(node: Expression | undefined, functionOid: number): boolean {
  return node?.tag === "FUNCEXPR" && node.funcid === functionOid;
}

/** Nothing but a list of columns. */
function isBare(query: QueryNode): boolean {
  return (query.rtable ?? []).every(({ rtekind }) => rtekind === 8) && isUnordered(query);
}

function isUnordered(query: QueryNode): boolean {
  return (
    query.jointree?.quals == null &&
    query.limitCount === null &&
    query.limitOffset === null &&
    query.sortClause === null &&
    query.distinctClause === null &&
    query.groupClause === null &&
    query.havingQual === null &&
    query.setOperations === null &&
    !query.hasAggs
  );
}

function argumentOf(node: Expression | undefined): NotifyArgument | undefined {
  if (node?.tag === "RELABELTYPE") return argumentOf(node.arg);
  if (node?.tag === "PARAM") return { parameter: node.paramid };
  if (node?.tag !== "CONST") return undefined;
  if (node.constisnull || node.constvalue === null) return null;
  return String(decodeConstant(node.constvalue, node.consttype));
}

function isKnown(call: {
  readonly channel: NotifyArgument | undefined;
  readonly payload: NotifyArgument | undefined;
}): call is NotifyCall {
  return call.channel !== undefined && call.payload !== undefined;
}

function columns(expressions: readonly Expression[]): TargetEntry[] {
  return expressions.map((expr, index) => ({
    tag: "TARGETENTRY",
    expr,
    resno: index + 1,
    resname: `c${index + 1}`,
    ressortgroupref: 0,
    resjunk: false,
  }));
}
