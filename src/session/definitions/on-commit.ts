/** ON COMMIT DELETE ROWS and ON COMMIT DROP of temporary tables. */

import { quoteIdentifier } from "../../compile/tokens.ts";
import type { DefinitionStep } from "../../postgres/analysis.ts";
import type { Execution } from "../execution.ts";
import { define } from "./define.ts";

/** OnCommitAction of primnodes.h. */
const DELETE_ROWS = 2;
const DROP = 3;

/** Once the table was made, by `step`. */
export async function arrangeCommit(
  onCommit: number,
  step: DefinitionStep,
  execution: Execution,
): Promise<void> {
  const { transaction, services } = execution;
  // Tables that it references have come out anew as well.
  const tables = step.relations.filter(({ relkind }) => relkind === "r");
  const [table] = [...tables].sort((a, b) => b.oid - a.oid);
  if (table === undefined) return;
  if (onCommit === DELETE_ROWS) services.plain.emptiedOnCommit.add(table.oid);
  if (onCommit !== DROP) return;
  const name = `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`;
  const drop = async () => {
    const inside = { ...execution, services: transaction.definitions?.services ?? services };
    await define(
      { command: "DROP TABLE", sources: [`DROP TABLE IF EXISTS ${name} CASCADE`] },
      inside,
    );
  };
  if (transaction.definitions === undefined) await drop();
  else transaction.definitions.beforeCommit(drop);
}
