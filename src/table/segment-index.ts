/**
 * Which segments may hold rows of a time range and of an entity, found in time that grows with the
 * answer and not with the table. One index serves every snapshot of a history; readers drop what is
 * not live in theirs.
 */

import { type Entity, entityKey } from "./entities.ts";
import type { Segment } from "./segment.ts";

/** A segment with more identities is never excluded by entity: listing them would cost more. */
export const IDENTITIES_LISTED_MAX = 1024;

export class SegmentIndex {
  readonly #all = new TimeIndex();
  readonly #byEntity = new Map<string, { readonly entity: Entity; readonly times: TimeIndex }>();
  /** Mixed segments whose identities nobody has read yet, and those with too many. */
  readonly #unlisted = new TimeIndex();
  readonly #listed = new WeakSet<Segment>();
  readonly #tooMany = new WeakSet<Segment>();

  add(segment: Segment): void {
    this.#all.add(segment);
    const { layout, own } = segment;
    if (layout.kind === "NotApplicable") return;
    if (layout.kind === "Single") this.list(segment, [layout.entity]);
    else if (own.entities !== undefined && own.entities.length <= IDENTITIES_LISTED_MAX) {
      this.list(segment, own.entities);
    } else {
      this.#unlisted.add(segment);
      if ((own.identities ?? own.entities?.length ?? 0) > IDENTITIES_LISTED_MAX)
        this.#tooMany.add(segment);
    }
  }

  /** Says that a segment holds too many identities to list. */
  leaveUnlisted(segment: Segment): void {
    this.#tooMany.add(segment);
  }

  /** Says which identities a segment holds, all of them. */
  list(segment: Segment, entities: readonly Entity[]): void {
    if (this.#listed.has(segment)) return;
    if (entities.length > IDENTITIES_LISTED_MAX) {
      this.#tooMany.add(segment);
      return;
    }
    this.#listed.add(segment);
    for (const entity of entities) {
      const key = entityKey(entity);
      let posting = this.#byEntity.get(key);
      if (posting === undefined) {
        posting = { entity, times: new TimeIndex() };
        this.#byEntity.set(key, posting);
      }
      posting.times.add(segment);
    }
  }

  /** Segments whose bounds meet [min, max]; either end may be open. */
  inRange(min: bigint | undefined, max: bigint | undefined): readonly Segment[] {
    return this.#all.query(min, max);
  }

  /** The same, of one identity only. Unlisted segments are not among them. */
  ofEntity(key: string, min: bigint | undefined, max: bigint | undefined): readonly Segment[] {
    return this.#byEntity.get(key)?.times.query(min, max) ?? [];
  }

  /** Segments of the range that may hold any identity. */
  unlisted(min: bigint | undefined, max: bigint | undefined): readonly Segment[] {
    return this.#unlisted.query(min, max, (segment) => !this.#listed.has(segment));
  }

  /** Those of them whose sidecar would tell. */
  unread(min: bigint | undefined, max: bigint | undefined): readonly Segment[] {
    return this.unlisted(min, max).filter((segment) => !this.#tooMany.has(segment));
  }

  /** How many identities are known. */
  get identities(): number {
    return this.#byEntity.size;
  }

  /** Keys of the known identities that satisfy `matches`. */
  keysWhere(matches: (entity: Entity) => boolean): readonly string[] {
    const keys: string[] = [];
    for (const [key, { entity }] of this.#byEntity) if (matches(entity)) keys.push(key);
    return keys;
  }
}

/**
 * Segments sorted by their least time, with a tree of the greatest times over them: a query walks
 * down only where something reaches into the range.
 */
class TimeIndex {
  #segments: Segment[] = [];
  #added: Segment[] = [];
  /** Least times, rounded down to a double. */
  #mins = new Float64Array(0);
  /** A heap-ordered tree of greatest times, rounded up; leaf i is at #leaves + i. */
  #maxTree = new Float64Array(0);
  #leaves = 0;

  add(segment: Segment): void {
    this.#added.push(segment);
  }

  query(
    min: bigint | undefined,
    max: bigint | undefined,
    keep?: (segment: Segment) => boolean,
  ): readonly Segment[] {
    if (this.#added.length > 0) this.#rebuild(keep);
    const count = this.#countStarting(max);
    const found: Segment[] = [];
    const least = min === undefined ? Number.NEGATIVE_INFINITY : roundDown(min);
    const visit = (node: number, first: number, width: number): void => {
      if (first >= count || (this.#maxTree[node] as number) < least) return;
      if (width > 1) {
        visit(node * 2, first, width / 2);
        visit(node * 2 + 1, first + width / 2, width / 2);
        return;
      }
      const segment = this.#segments[first] as Segment;
      // Doubles only narrowed it down.
      const isInside =
        (min === undefined || segment.max.raw >= min) &&
        (max === undefined || segment.min.raw <= max);
      if (isInside && (keep === undefined || keep(segment))) found.push(segment);
    };
    if (this.#leaves > 0) visit(1, 0, this.#leaves);
    return found;
  }

  /** How many segments, from the first, may start at `max` or before. */
  #countStarting(max: bigint | undefined): number {
    if (max === undefined) return this.#segments.length;
    const greatest = roundUp(max);
    let low = 0;
    let high = this.#segments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#mins[middle] as number) <= greatest) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #rebuild(keep: ((segment: Segment) => boolean) | undefined): void {
    const last = this.#segments.at(-1);
    const added = this.#added.sort(byLeastTime);
    this.#added = [];
    const isTail = last === undefined || byLeastTime(last, added[0] as Segment) <= 0;
    for (const segment of added) this.#segments.push(segment);
    if (!isTail) this.#segments.sort(byLeastTime);
    if (keep !== undefined) this.#segments = this.#segments.filter(keep);

    const count = this.#segments.length;
    this.#leaves = count === 0 ? 0 : 2 ** Math.ceil(Math.log2(count));
    this.#mins = new Float64Array(count);
    this.#maxTree = new Float64Array(this.#leaves * 2).fill(Number.NEGATIVE_INFINITY);
    this.#segments.forEach((segment, i) => {
      this.#mins[i] = roundDown(segment.min.raw);
      this.#maxTree[this.#leaves + i] = roundUp(segment.max.raw);
    });
    for (let node = this.#leaves - 1; node >= 1; node -= 1) {
      const [left, right] = [this.#maxTree[node * 2], this.#maxTree[node * 2 + 1]];
      this.#maxTree[node] = Math.max(left as number, right as number);
    }
  }
}

function byLeastTime(a: Segment, b: Segment): number {
  if (a.min.raw !== b.min.raw) return a.min.raw < b.min.raw ? -1 : 1;
  if (a.max.raw !== b.max.raw) return a.max.raw < b.max.raw ? -1 : 1;
  return a.path < b.path ? -1 : 1;
}

/** The greatest double that is not above; doubles of nanoseconds are some hundred apart. */
function roundDown(value: bigint): number {
  const near = Number(value);
  return BigInt(near) <= value ? near : near - Math.max(1, Math.abs(near) * Number.EPSILON);
}

function roundUp(value: bigint): number {
  return -roundDown(-value);
}
