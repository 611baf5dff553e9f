/** What a definition does to each relation: how it was, how it is. */

import type { DefinitionChanges } from "../../postgres/analysis.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";

/** Without `before` it is new, without `after` it is dropped. */
export interface RelationChange {
  readonly oid: number;
  readonly before: ShadowRelation | undefined;
  readonly after: ShadowRelation | undefined;
}

/** `known`: all relations before. What was made and dropped in one go is left out. */
export function relationChanges(
  known: ReadonlyMap<number, ShadowRelation>,
  changes: DefinitionChanges,
): readonly RelationChange[] {
  const altered = changes.relations.map((after) => ({
    oid: after.oid,
    before: known.get(after.oid),
    after,
  }));
  const dropped = changes.droppedRelationOids.flatMap((oid) => {
    const before = known.get(oid);
    return before === undefined ? [] : [{ oid, before, after: undefined }];
  });
  return [...altered, ...dropped];
}

export function isTstable({ accessMethod }: ShadowRelation): boolean {
  return accessMethod === "tstable";
}
