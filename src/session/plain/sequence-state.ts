/** What a sequence gives next: arithmetic alone. */

import { SqlError } from "../../base/errors.ts";
import type { ShadowSequence } from "../../postgres/relation.ts";

/** Where a sequence stands. `isCalled` false: the value itself comes next. */
export interface SequencePosition {
  readonly last: bigint;
  readonly isCalled: boolean;
}

/** Values number `from`, `from + 1`... of those wanted: first, first + increment... */
export interface SequenceRun {
  readonly from: number;
  readonly first: bigint;
  readonly increment: bigint;
  readonly count: number;
}

export interface Drawn {
  readonly runs: readonly SequenceRun[];
  readonly position: SequencePosition;
  /** The sequence ended before all were drawn. */
  readonly failure: SqlError | undefined;
}

export function startPosition({ position }: ShadowSequence): SequencePosition {
  return { last: BigInt(position.lastValue), isCalled: position.isCalled };
}

/** The next `wanted` values. Those before a failure are gone all the same. */
export function draw(
  name: string,
  definition: ShadowSequence,
  from: SequencePosition,
  wanted: number,
): Drawn {
  const increment = BigInt(definition.increment);
  const limits = { min: BigInt(definition.min), max: BigInt(definition.max) };
  const isUp = increment > 0n;
  const end = isUp ? limits.max : limits.min;
  const runs: SequenceRun[] = [];
  let position = from;
  let drawn = 0;
  while (drawn < wanted) {
    let first = position.isCalled ? position.last + increment : position.last;
    if (isUp ? first > end : first < end) {
      if (!definition.cycles) return { runs, position, failure: exhausted(name, isUp, end) };
      first = isUp ? limits.min : limits.max;
    }
    const left = Number((end - first) / increment) + 1;
    const count = Math.min(left, wanted - drawn);
    runs.push({ from: drawn, first, increment, count });
    drawn += count;
    position = { last: first + BigInt(count - 1) * increment, isCalled: true };
  }
  return { runs, position, failure: undefined };
}

/** A position some values ahead, which the sequence may safely be thought to have reached. */
export function ahead(
  definition: ShadowSequence,
  { last }: SequencePosition,
  values: number,
): bigint {
  const increment = BigInt(definition.increment);
  const far = last + increment * BigInt(values);
  const [min, max] = [BigInt(definition.min), BigInt(definition.max)];
  if (far > max) return max;
  return far < min ? min : far;
}

/** Whether `value` comes no later than `limit`. */
export function isWithin({ increment }: ShadowSequence, value: bigint, limit: bigint): boolean {
  return BigInt(increment) > 0n ? value <= limit : value >= limit;
}

function exhausted(name: string, isUp: boolean, end: bigint): SqlError {
  const which = isUp ? "maximum" : "minimum";
  return new SqlError("2200H", `nextval: reached ${which} value of sequence "${name}" (${end})`);
}
