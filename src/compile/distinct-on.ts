/**
 * DISTINCT ON (keys) .. ORDER BY keys, time DESC as one aggregation: DuckDB's own DISTINCT ON keeps
 * and sorts whole rows, which takes three to four times as long as max(time) and arg_max(column,
 * time).
 */

import { Oid } from "../types/oids.ts";
import { groupKey, needsKey } from "./comparisons.ts";
import { type SortKey, type Sql, sortKeysText } from "./expression.ts";
import type { Expression } from "./expression-nodes.ts";
import type { ColumnSource, Scope } from "./generator.ts";
import { sourcesOf } from "./sources.ts";

/** One level of DISTINCT ON, generated but not yet put together. */
export interface DistinctOn {
  readonly keys: readonly Sql[];
  readonly order: readonly {
    readonly key: SortKey;
    readonly sql: Sql;
    readonly node: Expression;
  }[];
  readonly outputs: readonly Sql[];
  /** ` FROM .. WHERE ..`. */
  readonly rest: string;
}

/** Types whose greatest value DuckDB finds as PostgreSQL does; a float may be NaN. */
const ORDERED: ReadonlySet<number> = new Set([
  Oid.int2,
  Oid.int4,
  Oid.int8,
  Oid.date,
  Oid.timestamp,
  Oid.timestamptz,
]);

/** undefined where the rewrite would not mean the same. */
export function firstRowsByKey(parts: DistinctOn, scope: Scope): string | undefined {
  const { query } = scope;
  const { keys, order, outputs } = parts;
  const last = order.at(-1);
  const isPlain =
    !query.hasAggs && !query.hasWindowFuncs && !query.hasTargetSRFs && query.groupClause === null;
  if (!isPlain || last === undefined || order.length !== keys.length + 1) return undefined;
  const keyTexts = new Set(keys.map((key) => key.text));
  if (!order.slice(0, -1).every((each) => keyTexts.has(each.sql.text))) return undefined;
  if (keyTexts.has(last.sql.text) || keys.some(needsKey)) return undefined;
  // Only a bare column that is never NULL: a NULL would have to come first or last.
  if (last.node.tag !== "VAR" || last.sql.mayBeNull || !ORDERED.has(last.sql.shape.typeOid)) {
    return undefined;
  }
  if (outputs.some((output) => output.scale !== undefined || output.text.includes("(SELECT "))) {
    return undefined;
  }
  const pick = last.key.descending ? "arg_max_null" : "arg_min_null";
  const best = last.key.descending ? "max" : "min";
  const list = outputs.map((output, index) => {
    if (keyTexts.has(output.text)) return `${output.text} AS c${index + 1}`;
    if (output.text === last.sql.text) return `${best}(${output.text}) AS c${index + 1}`;
    return `${pick}(${output.text}, ${last.sql.text}) AS c${index + 1}`;
  });
  const group = keys.map(groupKey).join(", ");
  const sorted = sortKeysText(order.slice(0, -1).map((each) => each.key));
  return `SELECT ${list.join(", ")}${parts.rest} GROUP BY ${group} ORDER BY ${sorted}`;
}

/** Tells the scan that of each entity only the first row by time is wanted. */
export function hintNewestOfEntities(
  parts: Pick<DistinctOn, "order">,
  keyNodes: readonly Expression[],
  scope: Scope,
): void {
  const { query } = scope;
  const [item, ...others] = query.jointree?.fromlist ?? [];
  if (item?.tag !== "RANGETBLREF" || others.length > 0) return;
  if (query.rtable?.[item.rtindex - 1]?.rtekind !== 0 || query.jointree?.quals !== null) return;
  const last = parts.order.at(-1);
  const time = last === undefined ? undefined : only(sourcesOf(last.node, scope));
  if (last === undefined || time === undefined || last.sql.mayBeNull) return;
  const { relation } = time.scan;
  const columns = keyNodes.map((node) =>
    node.tag === "VAR" ? only(sourcesOf(node, scope))?.columnNumber : undefined,
  );
  const entities = relation?.entityColumns ?? [];
  const isEntity = entities.length > 0 && entities.every((number) => columns.includes(number));
  const isOnlyEntity = isEntity && columns.length === entities.length;
  if (relation?.timeColumn !== time.columnNumber || !isOnlyEntity) return;
  time.scan.newestOfEntities = { descending: last.key.descending };
}

function only(sources: readonly ColumnSource[]): ColumnSource | undefined {
  return sources.length === 1 ? sources[0] : undefined;
}
