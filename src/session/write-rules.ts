/** Where statements that publish at once may stand: they cannot be undone by a later ROLLBACK. */

import { SqlError } from "../base/errors.ts";
import type { Execution } from "./execution.ts";

/** @throws SqlError 25006 */
export function requireWritable(what: string, { transaction }: Execution): void {
  if (!transaction.isReadOnly) return;
  throw new SqlError("25006", `cannot execute ${what} in a read-only transaction`);
}

/** @throws SqlError 0A000 inside a block or beside other statements */
export function requireAlone(what: string, { transaction, isAlone }: Execution): void {
  if (!transaction.isExplicit && isAlone) return;
  throw new SqlError(
    "0A000",
    transaction.isExplicit
      ? `${what} inside a transaction block is not supported yet`
      : `${what} together with other statements is not supported yet`,
    { hint: "Send it by itself, outside of BEGIN and COMMIT." },
  );
}
