/** Years, months and days as numbers in a row: which of them times fall in, and back as SQL. */

import { floorDiv } from "../../../base/units.ts";
import { quoteIdentifier } from "../../../compile/tokens.ts";
import { civilFromDays, daysFromCivil } from "../../../types/calendar.ts";
import { dateText } from "../../../types/datetime.ts";
import type { FieldDescription } from "../../../types/field.ts";
import { Oid } from "../../../types/oids.ts";

/** By the number of levels: year, year and month, year, month and day. */
export type Levels = 1 | 2 | 3;

/** First and last period, both in it. */
export interface PeriodRange {
  readonly first: number;
  readonly last: number;
}

const NANOS_PER_DAY = 86_400_000_000_000n;
/** More ranges than that in one statement are joined, nearest first. */
const RANGES_MAX = 64;

/** @param nanos since 1970 in UTC */
export function periodOf(nanos: bigint, levels: Levels): number {
  const days = Number(floorDiv(nanos, NANOS_PER_DAY));
  if (levels === 3) return days;
  const { year, month } = civilFromDays(days);
  return levels === 1 ? year : year * 12 + month - 1;
}

/** @param parts year, month, day, as many as there are levels */
export function periodOfParts(parts: readonly number[]): number {
  const [year = 0, month = 1, day = 1] = parts;
  if (parts.length === 3) return daysFromCivil(year, month, day);
  return parts.length === 1 ? year : year * 12 + month - 1;
}

/** The same periods in fewest ranges, in order. */
export function joined(ranges: readonly PeriodRange[]): readonly PeriodRange[] {
  const sorted = ranges.toSorted((a, b) => a.first - b.first);
  let gap = 1;
  let result = joinedAcross(sorted, gap);
  while (result.length > RANGES_MAX) {
    gap *= 2;
    result = joinedAcross(result, gap);
  }
  return result;
}

function joinedAcross(sorted: readonly PeriodRange[], gap: number): PeriodRange[] {
  const result: PeriodRange[] = [];
  for (const range of sorted) {
    const before = result.at(-1);
    if (before === undefined || range.first > before.last + gap) result.push(range);
    else result[result.length - 1] = { ...before, last: Math.max(before.last, range.last) };
  }
  return result;
}

/** True of the rows whose time is in one of the ranges. */
export function conditionOf(
  ranges: readonly PeriodRange[],
  { name, typeOid }: FieldDescription,
  levels: Levels,
): string {
  const column = quoteIdentifier(name);
  const bound = (period: number) => {
    const days = firstDay(period, levels);
    const text = dateText(days, { format: "ISO", order: "YMD" });
    const zoned = typeOid === Oid.timestamptz ? text.replace(/(\d)(?= BC|$)/, "$1 00:00+00") : text;
    return `'${zoned}'`;
  };
  const parts = ranges.map(
    ({ first, last }) => `(${column} >= ${bound(first)} AND ${column} < ${bound(last + 1)})`,
  );
  return parts.length === 0 ? "false" : parts.join(" OR ");
}

function firstDay(period: number, levels: Levels): number {
  if (levels === 3) return period;
  if (levels === 1) return daysFromCivil(period, 1, 1);
  const year = Math.floor(period / 12);
  return daysFromCivil(year, period - year * 12 + 1, 1);
}
