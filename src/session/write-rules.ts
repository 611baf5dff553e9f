/** What READ ONLY keeps from happening. */

import { SqlError } from "../base/errors.ts";
import type { Execution } from "./execution.ts";

/** @throws SqlError 25006 */
export function requireWritable(what: string, { transaction }: Execution): void {
  if (!transaction.isReadOnly) return;
  throw new SqlError("25006", `cannot execute ${what} in a read-only transaction`);
}
