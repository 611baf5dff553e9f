/** What the embedded PostgreSQL says of ordinary tables. */

import { assert, SqlError } from "../../base/errors.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import type { Execution } from "../execution.ts";

export function relationOf(oid: number, execution: Execution): ShadowRelation {
  const relation = execution.services.shadow.relations().get(oid);
  assert(relation !== undefined, () => `no relation has OID ${oid}`);
  return relation;
}

/** Every ordinary table, as this session sees them. */
export function allRelations(execution: Execution): Iterable<ShadowRelation> {
  return execution.services.shadow.relations().values();
}

/** @throws SqlError 55000 */
export function requirePopulated({ name, view }: ShadowRelation): void {
  if (view?.isPopulated !== false) return;
  throw new SqlError("55000", `materialized view "${name}" has not been populated`, {
    hint: "Use the REFRESH MATERIALIZED VIEW command.",
  });
}
