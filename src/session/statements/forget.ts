/** DEALLOCATE and CLOSE: statements and portals that the session no longer wants. */

import { SqlError } from "../../base/errors.ts";
import type { Execution, Result } from "../execution.ts";

/** undefined: DEALLOCATE ALL. @throws SqlError 26000 */
export function deallocate(name: string | undefined, { portals }: Execution): Result {
  if (name === undefined) {
    portals.removeAllStatements();
    return { kind: "done", tag: "DEALLOCATE ALL" };
  }
  if (!portals.removeStatement(name)) {
    throw new SqlError("26000", `prepared statement "${name}" does not exist`);
  }
  return { kind: "done", tag: "DEALLOCATE" };
}

/** undefined: CLOSE ALL. @throws SqlError 34000 */
export async function closeCursor(
  name: string | undefined,
  { portals }: Execution,
): Promise<Result> {
  if (name === undefined) {
    await portals.removeAllPortals();
    return { kind: "done", tag: "CLOSE CURSOR ALL" };
  }
  if (!portals.hasPortal(name)) throw new SqlError("34000", `cursor "${name}" does not exist`);
  await portals.removePortal(name);
  return { kind: "done", tag: "CLOSE CURSOR" };
}
