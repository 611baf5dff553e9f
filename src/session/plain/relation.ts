/** What the embedded PostgreSQL says of ordinary tables. */

import { assert } from "../../base/errors.ts";
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
