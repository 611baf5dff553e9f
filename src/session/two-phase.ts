/** PREPARE TRANSACTION and what follows, as of a PostgreSQL that keeps no prepared transactions. */

import { SqlError, unreachable } from "../base/errors.ts";
import type { Execution } from "./execution.ts";
import type { TwoPhaseCommand } from "./statement.ts";
import type { CommandOutcome } from "./transaction-modes.ts";

/** @throws SqlError 55000, 25001, 42704 */
export async function twoPhase(
  command: TwoPhaseCommand,
  { transaction, isAlone }: Execution,
): Promise<CommandOutcome> {
  switch (command.kind) {
    case "prepare": {
      const isOpen = transaction.status === "T" || !(transaction.isExplicit || isAlone);
      const kind = transaction.isExplicit ? "rollback" : "commit";
      if (!isOpen)
        return { ...(await transaction.apply({ kind, isChained: false })), tag: "ROLLBACK" };
      // Which is found out when the block has ended.
      if (transaction.isExplicit) await transaction.apply({ kind: "rollback", isChained: false });
      throw new SqlError("55000", "prepared transactions are disabled", {
        hint: "Set max_prepared_transactions to a nonzero value.",
      });
    }
    case "decide": {
      const { verb, id } = command;
      if (transaction.isExplicit || !isAlone) {
        const message = `${verb} PREPARED cannot run inside a transaction block`;
        throw new SqlError("25001", message);
      }
      const message = `prepared transaction with identifier "${id}" does not exist`;
      throw new SqlError("42704", message);
    }
    default:
      return unreachable(command);
  }
}
