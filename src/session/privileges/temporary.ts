/** Who may make temporary tables: here they lie in a schema of ours, which says nothing of it. */

import { SqlError } from "../../base/errors.ts";
import { DATABASE } from "../compile-context.ts";
import type { Execution } from "../execution.ts";
import { askOne } from "./ask.ts";

/** @throws SqlError 42501 */
export async function requireTemporary({ services, settings }: Execution): Promise<void> {
  if (settings.isSuperuser) return;
  const sql = "SELECT pg_catalog.has_database_privilege($1, 'TEMP')";
  if ((await askOne(services.shadow, sql, [DATABASE], settings.shadow)) === "t") return;
  const message = `permission denied to create temporary tables in database "${DATABASE}"`;
  throw new SqlError("42501", message);
}
