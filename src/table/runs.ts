/**
 * Sets of buckets as sorted runs: [first, last, first, last, ...], ordinals, both inclusive, never
 * overlapping or touching. Immutable. A year of 10-second buckets without a hole is one run, so
 * everything here costs what the holes cost.
 */

export type Runs = BigInt64Array;

/** Sets of so few numbers are merged whole: parts of them would cost more. */
const SMALL = 16;

export const EMPTY: Runs = new BigInt64Array(0);

/** From runs in any order that may overlap or touch. */
export function runsOf(pairs: readonly (readonly [bigint, bigint])[]): Runs {
  const sorted = pairs.toSorted((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  const out = new RunBuilder(sorted.length);
  for (const [first, last] of sorted) out.add(first, last);
  return out.done();
}

/** Builds runs from pieces given in ascending order of their first bucket. */
export class RunBuilder {
  #runs: BigInt64Array;
  #length = 0;

  constructor(pairs: number) {
    this.#runs = new BigInt64Array(Math.max(1, pairs) * 2);
  }

  add(first: bigint, last: bigint): void {
    const top = this.#length - 1;
    const end = this.#runs[top];
    if (end !== undefined && first <= end + 1n) {
      if (last > end) this.#runs[top] = last;
      return;
    }
    if (this.#length === this.#runs.length) {
      const grown = new BigInt64Array(this.#length * 2);
      grown.set(this.#runs);
      this.#runs = grown;
    }
    this.#runs[this.#length] = first;
    this.#runs[this.#length + 1] = last;
    this.#length += 2;
  }

  done(): Runs {
    return this.#length === this.#runs.length ? this.#runs : this.#runs.slice(0, this.#length);
  }
}

/** Number of buckets. */
export function countBuckets(runs: Runs): bigint {
  let sum = 0n;
  for (let i = 0; i < runs.length; i += 2) sum += at(runs, i + 1) - at(runs, i) + 1n;
  return sum;
}

/** Copies what the other's span does not touch as a block: appending at the end is one copy. */
export function union(a: Runs, b: Runs): Runs {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  if (a.length < b.length) return union(b, a);
  if (a.length <= SMALL) return mergeAll(a, b);
  // Runs of `a` that end before `b` begins (and do not touch it) stay, and likewise after its end.
  const low = firstRunEnding(a, at(b, 0) - 1n);
  const high = firstRunStarting(a, at(b, b.length - 1) + 2n);
  const middle = mergeAll(a.subarray(low, high), b);
  const out = new BigInt64Array(low + middle.length + (a.length - high));
  out.set(a.subarray(0, low));
  out.set(middle, low);
  out.set(a.subarray(high), low + middle.length);
  return out;
}

function mergeAll(a: Runs, b: Runs): Runs {
  const out = new RunBuilder((a.length + b.length) / 2);
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (j >= b.length || (i < a.length && at(a, i) <= at(b, j))) {
      out.add(at(a, i), at(a, i + 1));
      i += 2;
    } else {
      out.add(at(b, j), at(b, j + 1));
      j += 2;
    }
  }
  return out.done();
}

export function intersect(a: Runs, b: Runs): Runs {
  if (a.length === 0 || b.length === 0) return EMPTY;
  if (a.length > b.length) return intersect(b, a);
  const out = new RunBuilder(a.length / 2);
  let j = firstRunEnding(b, at(a, 0));
  for (let i = 0; i < a.length && j < b.length; ) {
    let first = at(a, i);
    let last = at(a, i + 1);
    if (first < at(b, j)) first = at(b, j);
    if (last > at(b, j + 1)) last = at(b, j + 1);
    if (first <= last) out.add(first, last);
    if (at(a, i + 1) < at(b, j + 1)) {
      i += 2;
      // A long jump over `b`: search instead of walking.
      if (i < a.length && at(b, j + 1) < at(a, i)) j = firstRunEnding(b, at(a, i), j);
    } else {
      j += 2;
      if (j < b.length && at(b, j + 1) < at(a, i)) j = firstRunEnding(b, at(a, i), j);
    }
  }
  return out.done();
}

/** What of [first, last] is not in the set. */
export function complement(runs: Runs, first: bigint, last: bigint): Runs {
  const out = new RunBuilder(1);
  let next = first;
  for (let i = firstRunEnding(runs, first); i < runs.length && at(runs, i) <= last; i += 2) {
    if (at(runs, i) > next) out.add(next, at(runs, i) - 1n);
    next = at(runs, i + 1) + 1n;
  }
  if (next <= last) out.add(next, last);
  return out.done();
}

/** What of `a` is not in `b`. */
export function difference(a: Runs, b: Runs): Runs {
  const first = a[0];
  const last = a.at(-1);
  if (first === undefined || last === undefined || b.length === 0) return a;
  return intersect(a, complement(b, first, last));
}

/** What of the set is in [first, last]. */
export function clip(runs: Runs, first: bigint, last: bigint): Runs {
  if (first > last) return EMPTY;
  const low = firstRunEnding(runs, first);
  const high = firstRunStarting(runs, last + 1n);
  if (low >= high) return EMPTY;
  const out = runs.slice(low, high);
  if (at(out, 0) < first) out[0] = first;
  if (at(out, out.length - 1) > last) out[out.length - 1] = last;
  return out;
}

/** Unites many sets in balanced pairs. */
export function unionAll(sets: readonly Runs[]): Runs {
  return reducePairs(sets, union);
}

/** What all sets have; of no sets: nothing. */
export function intersectAll(sets: readonly Runs[]): Runs {
  return reducePairs(sets, intersect);
}

function reducePairs(sets: readonly Runs[], combine: (a: Runs, b: Runs) => Runs): Runs {
  let level = sets;
  while (level.length > 1) {
    const next: Runs[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const a = level[i] ?? EMPTY;
      const b = level[i + 1];
      next.push(b === undefined ? a : combine(a, b));
    }
    level = next;
  }
  return level[0] ?? EMPTY;
}

/** Index of the first run whose last bucket is >= `bucket`; runs.length when there is none. */
function firstRunEnding(runs: Runs, bucket: bigint, from = 0): number {
  let low = from / 2;
  let high = runs.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (at(runs, middle * 2 + 1) < bucket) low = middle + 1;
    else high = middle;
  }
  return low * 2;
}

/** Index of the first run whose first bucket is >= `bucket`; runs.length when there is none. */
function firstRunStarting(runs: Runs, bucket: bigint): number {
  let low = 0;
  let high = runs.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (at(runs, middle * 2) < bucket) low = middle + 1;
    else high = middle;
  }
  return low * 2;
}

function at(runs: Runs, index: number): bigint {
  return runs[index] as bigint;
}
