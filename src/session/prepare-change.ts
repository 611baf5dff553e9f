/** From an analysed INSERT, UPDATE or DELETE to what executes it. */

import { SqlError } from "../base/errors.ts";
import { compileChange } from "../compile/changes.ts";
import { type RowProgram, rowProgram } from "../compile/row-program.ts";
import type { QueryNode } from "../compile/tree.ts";
import { compileContext } from "./compile-context.ts";
import type { Settings } from "./settings.ts";
import type { Change } from "./statement.ts";
import type { Tables } from "./tables.ts";

/** @throws SqlError 42501 for a relation that nobody may change, 0A000 */
export function prepareChange(query: QueryNode, settings: Settings, tables: Tables): Change {
  refuseForeign(query, tables);
  const context = compileContext(settings, tables);
  const plan = compileChange(query, context);
  const info = tables.relation(plan.relationOid);
  let program: RowProgram | undefined;
  // What else the source has, as OLD of ON CONFLICT, only the source gives.
  const flags = plan.sequences.filter(({ when }) => when !== undefined).length;
  const isWhole = plan.source.columns.length - flags === info?.columns.length;
  if (plan.kind === "insert" && info !== undefined && isWhole) {
    program = rowProgram(query, info, context);
  }
  return { plan, rows: program && { program, literals: undefined } };
}

/** Catalogues and the views of the store. */
function refuseForeign(query: QueryNode, tables: Tables): void {
  const target = query.rtable?.[query.resultRelation - 1];
  const info = target && tables.relation(target.relid);
  if (target === undefined || (info !== undefined && info.kind !== "store")) return;
  const name = info?.name ?? target.eref.aliasname;
  throw new SqlError("42501", `permission denied for table ${name}`);
}
