/** Which unique indexes an ON CONFLICT clause means. */

import { SqlError } from "../../base/errors.ts";
import type { OnConflict } from "../../compile/change-plan.ts";
import type { ShadowIndex, ShadowRelation } from "../../postgres/relation.ts";
import { isSimple, uniqueIndexes } from "./keys.ts";
import { blame } from "./violations.ts";

/** @throws SqlError 42P10, 42809, 55000 */
export function arbitersOf(clause: OnConflict, relation: ShadowRelation): readonly ShadowIndex[] {
  const found = matching(clause, relation);
  const late = found.find(({ isImmediate }) => !isImmediate);
  if (late === undefined) return found;
  throw new SqlError(
    "55000",
    "ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters",
    blame(relation, { constraint: late.name }),
  );
}

function matching(
  { arbiters, constraintOid }: OnConflict,
  relation: ShadowRelation,
): readonly ShadowIndex[] {
  const indexes = uniqueIndexes(relation);
  if (constraintOid !== undefined) {
    const found = indexes.filter((index) => index.constraintOid === constraintOid);
    if (found.length > 0) return found;
    throw new SqlError("42809", "constraint in ON CONFLICT clause has no associated index");
  }
  if (arbiters === undefined) return indexes;
  const wanted = new Set(arbiters);
  const found = indexes.filter(
    (index) =>
      isSimple(index) &&
      index.columns.every((one) => wanted.has(one)) &&
      new Set(index.columns).size === wanted.size,
  );
  if (found.length > 0) return found;
  throw new SqlError(
    "42P10",
    "there is no unique or exclusion constraint matching the ON CONFLICT specification",
  );
}
