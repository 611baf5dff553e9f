/** Window functions and their OVER clauses. */

import { Oid } from "../types/oids.ts";
import { sortItem } from "./aggregates.ts";
import { refuseFunction, signatureOf } from "./calls.ts";
import { groupKey } from "./comparisons.ts";
import { type Sql, sortKeysText } from "./expression.ts";
import type { Expression, WindowFunc } from "./expression-nodes.ts";
import type { Scope } from "./generator.ts";
import { refuse } from "./refusals.ts";
import type { SortGroupClause, WindowClause } from "./tree.ts";

/** parsenodes.h, FRAMEOPTION_. */
const FRAME = {
  nonDefault: 0x1,
  range: 0x2,
  rows: 0x4,
  groups: 0x8,
  startUnbounded: 0x20,
  endUnbounded: 0x100,
  startCurrent: 0x200,
  endCurrent: 0x400,
  startPreceding: 0x800,
  endPreceding: 0x1000,
  startFollowing: 0x2000,
  endFollowing: 0x4000,
  excludeCurrent: 0x8000,
  excludeGroup: 0x10000,
  excludeTies: 0x20000,
} as const;

export function windowCall(node: WindowFunc, scope: Scope): Sql {
  const { generator } = scope;
  const signature = signatureOf(node.winfnoid, generator);
  const args = (node.args ?? []).map((arg) => generator.expression(arg, scope));
  const clause = scope.query.windowClause?.find((each) => each.winref === node.winref);
  if (clause === undefined) return refuse("a window of another query level");
  const over = overText(clause, scope);
  const base = {
    args,
    isVariadicArray: false,
    resultType: node.wintype,
    typmod: -1,
    signature,
    context: generator.calls,
    over,
  };
  if (!node.winagg) {
    const rule = generator.table.window(signature) ?? refuseFunction(signature);
    return rule(base);
  }
  const rule = generator.table.aggregate(signature) ?? refuseFunction(signature);
  const filter = node.aggfilter === null ? undefined : generator.expression(node.aggfilter, scope);
  return rule({
    ...base,
    isDistinct: false,
    orderBy: [],
    ordered: [],
    direct: [],
    filter: filter?.text,
  });
}

/** `(PARTITION BY .. ORDER BY .. frame)`. */
function overText(clause: WindowClause, scope: Scope): string {
  const partition = (clause.partitionClause ?? []).map((each) => groupKey(entryValue(each, scope)));
  const ordered = (clause.orderClause ?? []).map((each) => entryValue(each, scope));
  const keys = (clause.orderClause ?? []).map((each, index) =>
    sortItem(each, ordered[index] ?? entryValue(each, scope)),
  );
  const parts = [
    partition.length === 0 ? "" : `PARTITION BY ${partition.join(", ")}`,
    keys.length === 0 ? "" : `ORDER BY ${sortKeysText(keys)}`,
    frameText(clause, ordered, scope),
  ];
  return `(${parts.filter((part) => part !== "").join(" ")})`;
}

function entryValue(clause: SortGroupClause, scope: Scope): Sql {
  const entry = scope.query.targetList?.find(
    (each) => each.ressortgroupref === clause.tleSortGroupRef,
  );
  if (entry === undefined) return refuse("a window over a missing column");
  return scope.generator.expression(entry.expr, scope);
}

function frameText(clause: WindowClause, ordered: readonly Sql[], scope: Scope): string {
  const { frameOptions } = clause;
  const has = (bit: number) => (frameOptions & bit) !== 0;
  if (!has(FRAME.nonDefault)) return "";
  const unit = has(FRAME.rows) ? "ROWS" : has(FRAME.groups) ? "GROUPS" : "RANGE";
  const offset = (node: Expression | null): string => {
    const value = node === null ? undefined : scope.generator.expression(node, scope);
    if (value === undefined) return refuse("this window frame");
    if (unit === "RANGE") checkRangeOffset(ordered, value, scope);
    return value.text;
  };
  const start = has(FRAME.startUnbounded)
    ? "UNBOUNDED PRECEDING"
    : has(FRAME.startCurrent)
      ? "CURRENT ROW"
      : `${offset(clause.startOffset)} ${has(FRAME.startPreceding) ? "PRECEDING" : "FOLLOWING"}`;
  const end = has(FRAME.endUnbounded)
    ? "UNBOUNDED FOLLOWING"
    : has(FRAME.endCurrent)
      ? "CURRENT ROW"
      : `${offset(clause.endOffset)} ${has(FRAME.endPreceding) ? "PRECEDING" : "FOLLOWING"}`;
  const exclusion = has(FRAME.excludeCurrent)
    ? " EXCLUDE CURRENT ROW"
    : has(FRAME.excludeGroup)
      ? " EXCLUDE GROUP"
      : has(FRAME.excludeTies)
        ? " EXCLUDE TIES"
        : "";
  return `${unit} BETWEEN ${start} AND ${end}${exclusion}`;
}

/** PostgreSQL steps days in the session's zone, DuckDB in absolute time; text has no distance. */
function checkRangeOffset(ordered: readonly Sql[], offset: Sql, scope: Scope): void {
  const [key] = ordered;
  if (key === undefined) return;
  if (key.shape.representation.kind === "numeric-text") {
    refuse("a RANGE frame over numeric without a declared scale");
  }
  const { calls } = scope.generator;
  if (key.shape.typeOid !== Oid.timestamptz || calls.isUtc || typeof calls.timeZone === "number") {
    return;
  }
  const { constant } = offset;
  const isTimeOnly =
    typeof constant === "object" &&
    constant !== null &&
    "months" in constant &&
    constant.months === 0 &&
    constant.days === 0;
  if (!isTimeOnly) refuse("a RANGE frame of days or months over timestamptz in this time zone");
}
