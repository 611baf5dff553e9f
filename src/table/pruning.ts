/** The segments of a snapshot that may hold rows of a query, from the log's index alone. */

import { type Entity, entityKey } from "./entities.ts";
import { isLiveAt, type Segment } from "./segment.ts";
import type { EntityValue } from "./segment-files.ts";
import type { Snapshot } from "./snapshot.ts";

/**
 * Every row the query can use satisfies all of this; what is undefined or missing excludes
 * nothing.
 */
export interface PruneQuery {
  /** Inclusive raw index values (nanoseconds for timestamps). */
  readonly min?: bigint | undefined;
  readonly max?: bigint | undefined;
  /** For an entity column, by its place in the identity: the row's value is one of these. */
  readonly entities?: readonly EntityCondition[];
}

export interface EntityCondition {
  readonly component: number;
  readonly anyOf: readonly EntityValue[];
}

/** More identities than this are looked for by walking all known ones. */
const PRODUCT_MAX = 4096;

/**
 * In order of time. Segments whose identities were never read are kept:
 * `Table.listEntities` reads them first.
 */
export function prune(snapshot: Snapshot, query: PruneQuery): readonly Segment[] {
  const { min, max } = query;
  if (min !== undefined && max !== undefined && min > max) return [];
  const conditions = query.entities ?? [];
  const { index } = snapshot.history;
  const isLive = (segment: Segment) => isLiveAt(segment, snapshot.version);
  if (conditions.length === 0) return index.inRange(min, max).filter(isLive);

  const found = new Set<Segment>(index.unlisted(min, max).filter(isLive));
  for (const key of keysOf(snapshot, conditions)) {
    for (const segment of index.ofEntity(key, min, max)) if (isLive(segment)) found.add(segment);
  }
  return [...found].sort((a, b) => (a.min.raw < b.min.raw ? -1 : a.min.raw > b.min.raw ? 1 : 0));
}

function keysOf(snapshot: Snapshot, conditions: readonly EntityCondition[]): readonly string[] {
  const width = snapshot.meta.index.entityColumns.length;
  const product = conditions.reduce((size, { anyOf }) => size * anyOf.length, 1);
  const isWhole = new Set(conditions.map(({ component }) => component)).size === width;
  if (isWhole && conditions.length === width && product <= PRODUCT_MAX) {
    return identities(conditions, width).map(entityKey);
  }
  const allowed = conditions.map(({ component, anyOf }) => ({
    component,
    values: new Set<EntityValue["value"]>(anyOf.map(({ value }) => value)),
  }));
  return snapshot.history.index.keysWhere((entity) =>
    allowed.every(({ component, values }) => {
      const value = entity[component]?.value;
      return value !== undefined && values.has(value);
    }),
  );
}

/** Every identity made of one allowed value for each component. */
function identities(conditions: readonly EntityCondition[], width: number): readonly Entity[] {
  let partial: readonly Entity[] = [[]];
  for (let component = 0; component < width; component += 1) {
    const values = conditions.find((condition) => condition.component === component)?.anyOf ?? [];
    partial = partial.flatMap((entity) => values.map((value) => [...entity, value]));
  }
  return partial;
}
