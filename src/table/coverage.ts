/**
 * Which buckets a table has, entity by entity. Immutable: adding a file's coverage shares
 * everything that the file does not touch, so its cost follows the file and not the table.
 */

import { compareEntities, type Entity } from "./entities.ts";
import { countBuckets, difference, EMPTY, intersect, type Runs, union } from "./runs.ts";
import { decodeTreemap } from "./treemap.ts";

/** Part of a file's bytes. No view of its own: a table may have 100,000 of these. */
interface Part {
  readonly bytes: Buffer;
  readonly from: number;
  readonly until: number;
}

/** One identity's buckets; read from bytes only when somebody asks. */
export class EntityCoverage {
  readonly entity: Entity;
  #runs: Runs | undefined;
  #treemap: Part | undefined;
  /** Identity and buckets as a snapshot holds them: every later snapshot repeats them. */
  encoded: Part | undefined;

  private constructor(entity: Entity) {
    this.entity = entity;
  }

  static of(entity: Entity, runs: Runs, encoded?: Part): EntityCoverage {
    const made = new EntityCoverage(entity);
    made.#runs = runs;
    made.encoded = encoded;
    return made;
  }

  /** The treemap must have been checked. */
  static lazy(entity: Entity, treemap: Part, encoded: Part): EntityCoverage {
    const made = new EntityCoverage(entity);
    made.#treemap = treemap;
    made.encoded = encoded;
    return made;
  }

  get runs(): Runs {
    if (this.#runs === undefined) {
      const part = this.#treemap;
      this.#runs = part === undefined ? EMPTY : decodeTreemap(part.bytes, part.from, part.until);
      this.#treemap = undefined;
    }
    return this.#runs;
  }
}

/**
 * Identities in canonical order, each once. A table without entities has one, with no components.
 */
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
  for (const [added, index] of positions(coverage, addition)) {
    const known = out[index];
    if (known === undefined) isNew.push(added);
    else out[index] = EntityCoverage.of(known.entity, union(known.runs, added.runs));
  }
  return isNew.length === 0 ? out : merge(out, isNew);
}

export function unitedCoverage(parts: Iterable<{ readonly coverage: Coverage }>): Coverage {
  let all = NO_COVERAGE;
  for (const { coverage } of parts) all = unite(all, coverage);
  return all;
}

/** Each added identity with its place in `coverage`, -1 where it has none. */
function* positions(
  coverage: Coverage,
  addition: Coverage,
): Generator<readonly [added: EntityCoverage, index: number]> {
  // Both are sorted: many are found by walking along, few by searching.
  const isMany = addition.length * 16 > coverage.length;
  let at = 0;
  for (const added of addition) {
    if (!isMany) {
      yield [added, Math.max(-1, search(coverage, added.entity))];
      continue;
    }
    let order = -1;
    for (; at < coverage.length; at += 1) {
      order = compareEntities((coverage[at] as EntityCoverage).entity, added.entity);
      if (order >= 0) break;
    }
    yield [added, order === 0 && at < coverage.length ? at : -1];
  }
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
  for (const [added, index] of positions(coverage, addition)) {
    const known = coverage[index];
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

/** What of `coverage` is not among `pairs`. */
export function withoutPairs(coverage: Coverage, pairs: Coverage): Coverage {
  if (pairs.length === 0) return coverage;
  const out: EntityCoverage[] = [];
  for (const { entity, runs } of coverage) {
    const left = difference(runs, runsOfEntity(pairs, entity));
    if (left.length > 0) out.push(EntityCoverage.of(entity, left));
  }
  return out;
}

/** (entity, bucket) pairs. */
export function countPairs(coverage: Coverage): bigint {
  return coverage.reduce((sum, { runs }) => sum + countBuckets(runs), 0n);
}
