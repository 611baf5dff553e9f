/** From an analysed INSERT, UPDATE or DELETE to what executes it. */

import { SqlError } from "../base/errors.ts";
import { compileChange } from "../compile/changes.ts";
import type { CompileContext } from "../compile/plan.ts";
import { type RowProgram, rowProgram } from "../compile/row-program.ts";
import type { QueryNode } from "../compile/tree.ts";
import { compileContext } from "./compile-context.ts";
import type { Settings } from "./settings.ts";
import type { Change } from "./statement.ts";
import type { Tables } from "./tables.ts";

/** @throws SqlError 42501 for a relation that nobody may change, 0A000 */
export function prepareChange(
  query: QueryNode,
  settings: Settings,
  tables: Tables,
  parameterValue?: CompileContext["parameterValue"],
): Change {
  refuseForeign(query, tables);
  const context = compileContext(settings, tables, parameterValue);
  const program = programOf(query, tables, context);
  if (program === undefined) return { plan: compileChange(query, context), rows: undefined };
  const plan = compileChange(program.rows.length > 1 ? withOneRow(query) : query, context);
  // What else the source has, as OLD of ON CONFLICT, only the source gives.
  if (plan.source.columns.length === plan.newValues.length) {
    return { plan, rows: { program, literals: undefined } };
  }
  return { plan: compileChange(query, context), rows: undefined };
}

function programOf(
  query: QueryNode,
  tables: Tables,
  context: CompileContext,
): RowProgram | undefined {
  const target = query.rtable?.[query.resultRelation - 1];
  const info = target && tables.relation(target.relid);
  if (query.commandType !== 3 || info === undefined) return undefined;
  return rowProgram(query, info, context);
}

/** The plan of thousands of rows is that of one: the session makes the rows itself. */
function withOneRow(query: QueryNode): QueryNode {
  const rtable = query.rtable?.map((entry) =>
    entry.rtekind === 5
      ? { ...entry, values_lists: entry.values_lists?.slice(0, 1) ?? null }
      : entry,
  );
  return { ...query, rtable: rtable ?? null };
}

/** Catalogues and the views of the store. */
function refuseForeign(query: QueryNode, tables: Tables): void {
  const target = query.rtable?.[query.resultRelation - 1];
  const info = target && tables.relation(target.relid);
  if (target === undefined || (info !== undefined && info.kind !== "store")) return;
  const name = info?.name ?? target.eref.aliasname;
  throw new SqlError("42501", `permission denied for table ${name}`);
}
