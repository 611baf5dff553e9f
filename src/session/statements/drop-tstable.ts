/** DROP TSTABLE: as DROP TABLE, of time-series tables alone. */

import type { DropTstable } from "../../compile/own-statements.ts";
import { quoteIdentifier } from "../../compile/tokens.ts";
import { define } from "../definitions/define.ts";
import type { Execution, Result } from "../execution.ts";

export async function dropTstable(statement: DropTstable, execution: Execution): Promise<Result> {
  const { tables, ifExists, isCascade, keepFiles } = statement;
  const { services, settings } = execution;
  for (const table of tables) {
    const relation = services.tables.findRelation(table, settings);
    // What is not there PostgreSQL complains of itself.
    if (relation !== undefined) services.tables.require(table, settings);
  }
  const names = tables.map(({ schema, name }) =>
    [...(schema === undefined ? [] : [schema]), name].map(quoteIdentifier).join("."),
  );
  const sql = [
    "DROP TABLE",
    ...(ifExists ? ["IF EXISTS"] : []),
    names.join(", "),
    ...(isCascade ? ["CASCADE"] : []),
  ].join(" ");
  const request = { command: "DROP TABLE", sources: [sql], keepsFiles: keepFiles };
  const step = await define(request, execution);
  return { kind: "done", tag: "DROP TABLE", notices: step.notices };
}
