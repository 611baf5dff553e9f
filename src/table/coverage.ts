/**
 * Which buckets a table has, entity by entity. Immutable: adding a file's coverage shares everything
 * that the file does not touch, so its cost follows the file and not the table.
 */

import { compareEntities, type Entity } from "./entities.ts";
import { countBuckets, EMPTY, intersect, type Runs, union } from "./runs.ts";
import { decodeTreemap } from "./treemap.ts";

/** One identity's buckets; read from bytes only when somebody asks. */
export class EntityCoverage {
  readonly entity: Entity;
  #runs: Runs | undefined;
  #source:
    | { readonly bytes: Uint8Array; readonly from: number; readonly until: number }
    | undefined;
  /** This identity as a table snapshot holds it; kept because every snapshot repeats it. */
  encoded: Uint8Array | undefined;

  private constructor(entity: Entity) {
    this.entity = entity;
  }

  static of(entity: Entity, runs: Runs): EntityCoverage {
    const made = new EntityCoverage(entity);
    made.#runs = runs;
    return made;
  }

  /** The treemap must have been checked. `encoded`: the bytes of identity and treemap together. */
  static lazy(
    entity: Entity,
    bytes: Uint8Array,
    from: number,
    until: number,
    encoded?: Uint8Array,
  ): EntityCoverage {
    const made = new EntityCoverage(entity);
    made.#source = { bytes, from, until };
    made.encoded = encoded;
    return made;
  }

  get runs(): Runs {
    if (this.#runs === undefined) {
      const source = this.#source;
      this.#runs =
        source === undefined ? EMPTY : decodeTreemap(source.bytes, source.from, source.until);
      this.#source = undefined;
    }
    return this.#runs;
  }
}

/** Identities in canonical order, each once. A table without entities has one, with no components. */
export type Coverage = readonly EntityCoverage[];

export const NO_COVERAGE: Coverage = [];

export function coverageOf(
  identities: readonly { readonly entity: Entity; readonly runs: Runs }[],
): Coverage {
  return identities
    .map(({ entity, runs }) => EntityCoverage.of(entity, runs))
    .sort((a, b) => compareEntities(a.entity, b.entity));
}

/** Position of an identity, or of where it would stand, as -1 - position. */
function search(coverage: Coverage, entity: Entity): number {
  let low = 0;
  let high = coverage.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const order = compareEntities((coverage[middle] as EntityCoverage).entity, entity);
    if (order === 0) return middle;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return -1 - low;
}

/** An identity never seen has no buckets. */
export function runsOfEntity(coverage: Coverage, entity: Entity): Runs {
  return coverage[search(coverage, entity)]?.runs ?? EMPTY;
}

export function unite(coverage: Coverage, addition: Coverage): Coverage {
  if (coverage.length === 0) return addition;
  if (addition.length === 0) return coverage;
  const isNew: EntityCoverage[] = [];
  const out = coverage.slice();
  for (const added of addition) {
    const index = search(coverage, added.entity);
    const known = out[index];
    if (known === undefined) isNew.push(added);
    else out[index] = EntityCoverage.of(known.entity, union(known.runs, added.runs));
  }
  return isNew.length === 0 ? out : merge(out, isNew);
}

function merge(a: Coverage, b: Coverage): Coverage {
  const out: EntityCoverage[] = [];
  let i = 0;
  for (const entry of b) {
    for (; i < a.length; i += 1) {
      const other = a[i] as EntityCoverage;
      if (compareEntities(other.entity, entry.entity) > 0) break;
      out.push(other);
    }
    out.push(entry);
  }
  for (; i < a.length; i += 1) out.push(a[i] as EntityCoverage);
  return out;
}

export interface Overlap {
  /** (entity, bucket) pairs. */
  readonly count: bigint;
  /** First identity in canonical order that overlaps, and its smallest overlapping bucket. */
  readonly entity: Entity;
  readonly bucket: bigint;
  /** Every overlapping pair. */
  readonly pairs: Coverage;
}

export function overlapOf(coverage: Coverage, addition: Coverage): Overlap | undefined {
  const pairs: EntityCoverage[] = [];
  let count = 0n;
  for (const added of addition) {
    const known = coverage[search(coverage, added.entity)];
    if (known === undefined) continue;
    const common = intersect(known.runs, added.runs);
    if (common.length === 0) continue;
    count += countBuckets(common);
    pairs.push(EntityCoverage.of(added.entity, common));
  }
  const [first] = pairs;
  if (first === undefined) return undefined;
  return { count, entity: first.entity, bucket: first.runs[0] as bigint, pairs };
}

/** (entity, bucket) pairs. */
export function countPairs(coverage: Coverage): bigint {
  return coverage.reduce((sum, { runs }) => sum + countBuckets(runs), 0n);
}
