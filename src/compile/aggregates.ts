/** Aggregate calls, plain and WITHIN GROUP: the call is described, the closed table writes it. */

import { refuseFunction, signatureOf } from "./calls.ts";
import type { AggregateCall } from "./closed-table.ts";
import { sortKey } from "./comparisons.ts";
import type { SortKey, Sql } from "./expression.ts";
import type { Aggref } from "./expression-nodes.ts";
import type { Scope } from "./generator.ts";
import { inheritedOrder } from "./ordinals.ts";
import { refuse } from "./refusals.ts";
import type { SortGroupClause } from "./tree.ts";

export function aggregateCall(node: Aggref, scope: Scope): Sql {
  const { generator } = scope;
  if (node.agglevelsup > 0) return refuse("an aggregate of an outer query inside a subquery");
  const signature = signatureOf(node.aggfnoid, generator);
  const rule = generator.table.aggregate(signature) ?? refuseFunction(signature);
  const entries = node.args ?? [];
  const values = new Map(
    entries.map((entry) => [entry, generator.expression(entry.expr, scope)] as const),
  );
  const orderBy: SortKey[] = [];
  const ordered: Sql[] = [];
  for (const clause of node.aggorder ?? []) {
    const value = sortedValue(clause, node, values);
    ordered.push(value);
    orderBy.push(sortItem(clause, value));
  }
  const inherited = inheritedOrder(node, scope);
  if (inherited !== undefined) {
    ordered.push(inherited);
    orderBy.push({ text: inherited.text, descending: false, nullsFirst: false });
  }
  const direct = (node.aggdirectargs ?? []).map((arg) => generator.expression(arg, scope));
  const plain = entries
    .filter((entry) => !entry.resjunk)
    .map((entry) => argumentValue(values, entry));
  const filter = node.aggfilter === null ? undefined : generator.expression(node.aggfilter, scope);
  const call: AggregateCall = {
    args: node.aggkind === "n" ? plain : direct,
    isVariadicArray: node.aggvariadic && node.aggkind === "n",
    resultType: node.aggtype,
    typmod: -1,
    signature,
    context: generator.calls,
    isDistinct: node.aggdistinct !== null,
    orderBy,
    ordered: node.aggkind === "n" ? ordered : plain,
    direct,
    filter: filter?.text,
    over: undefined,
  };
  return rule(call);
}

function sortedValue(clause: SortGroupClause, node: Aggref, values: ReadonlyMap<object, Sql>): Sql {
  const entry = node.args?.find((each) => each.ressortgroupref === clause.tleSortGroupRef);
  return entry === undefined
    ? refuse("this ORDER BY in an aggregate")
    : argumentValue(values, entry);
}

function argumentValue(values: ReadonlyMap<object, Sql>, entry: object): Sql {
  return values.get(entry) ?? refuse("this argument of an aggregate");
}

export function sortItem(clause: SortGroupClause, value: Sql): SortKey {
  return {
    text: sortKey(value),
    descending: clause.reverse_sort,
    nullsFirst: clause.nulls_first,
  };
}
