/** One query level: WITH, then a SELECT or a set operation. */

import { commonTables } from "./common-tables.ts";
import type { Sql } from "./expression.ts";
import { fromClause } from "./from.ts";
import type { ColumnSource, CompiledQuery, Generator, Scope } from "./generator.ts";
import { groupClause } from "./grouping.ts";
import { outputList } from "./outputs.ts";
import { restrictByJoins, restrictScans } from "./ranges.ts";
import { refuse } from "./refusals.ts";
import { knownRow } from "./scalars.ts";
import { setOperationQuery } from "./set-operations.ts";
import { type Core, finishSelect, hasSmallLimit, hintNewest } from "./sorting.ts";
import { sourcesOf } from "./sources.ts";
import type { QueryNode, TargetEntry } from "./tree.ts";

export function compileQuery(
  query: QueryNode,
  outer: Scope | undefined,
  generator: Generator,
  keepsOrder: boolean,
): CompiledQuery {
  if (query.hasModifyingCTE) return refuse("a data-modifying WITH query");
  if (query.commandType !== 1) return refuse("a statement that changes rows");
  const id = generator.nextId();
  const scope: Scope = {
    generator,
    id,
    query,
    keepsOrder,
    outer,
    relations: new Map(),
    ctes: new Map(),
  };
  const prefix = commonTables(scope);
  const body = query.setOperations === null ? select(scope) : setOperationQuery(scope);
  return prefix === "" ? body : { ...body, text: `${prefix} ${body.text}` };
}

function select(scope: Scope): CompiledQuery {
  const { query, generator } = scope;
  const from = fromClause(scope);
  const quals = query.jointree?.quals ?? null;
  const where = quals === null ? "" : ` WHERE ${generator.expression(quals, scope).text}`;
  if (query.jointree !== null) restrictByJoins(query.jointree, scope);
  restrictScans(quals, scope);
  const group = groupClause(scope);
  const having =
    query.havingQual === null
      ? ""
      : ` HAVING ${generator.expression(query.havingQual, scope).text}`;
  if (query.groupingSets === null) restrictScans(query.havingQual, scope);
  const known = new Map<TargetEntry, Sql>();
  const targetValue = (entry: TargetEntry): Sql => {
    const sql = known.get(entry) ?? generator.expression(entry.expr, scope);
    known.set(entry, sql);
    return sql;
  };
  const targets = query.targetList ?? [];
  const outputs = targets.filter((entry) => !entry.resjunk);
  const list = outputList(
    outputs.map(targetValue),
    outputs.map((entry) => entry.resname ?? "?column?"),
    outputs.map((entry) => outputSources(entry, scope)),
  );
  const core: Core = {
    list: list.text === "" ? { ...list, text: "NULL AS c1" } : list,
    rest: from + where + group + having,
    value: (ref) => {
      const entry = targets.find((each) => each.ressortgroupref === ref);
      if (entry === undefined) return refuse("this ORDER BY");
      return { entry, sql: targetValue(entry) };
    },
    output: targetValue,
  };
  hintNewest(scope, list.columns);
  const { text, hasOrdinal } = finishSelect(core, scope);
  const { columns, hidden } = list;
  const row = knownRow(query, outputs.map(targetValue));
  return { text, columns, hidden, isSmall: isSmall(from, scope), hasOrdinal, row };
}

/**
 * Columns that a filter above this level may reach through: dropping the input rows which fail it
 * must drop only output rows which fail it.
 */
function outputSources(entry: TargetEntry, scope: Scope): readonly ColumnSource[] {
  const { query } = scope;
  const isTransparent =
    query.limitCount === null &&
    query.limitOffset === null &&
    !query.hasWindowFuncs &&
    !query.hasDistinctOn &&
    query.groupingSets === null;
  if (!isTransparent) return [];
  return sourcesOf(entry.expr, scope);
}

function isSmall(from: string, scope: Scope): boolean {
  const { query } = scope;
  if (hasSmallLimit(scope)) return true;
  if (query.hasTargetSRFs) return false;
  const isUngrouped = query.groupClause === null && query.groupingSets === null;
  return isUngrouped && (query.hasAggs || query.havingQual !== null || from === "");
}
