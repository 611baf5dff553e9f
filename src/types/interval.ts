/** Intervals in the four styles of IntervalStyle. Reading: interval-input.ts. */

import { fractionText } from "./datetime.ts";
import type { TextSettings } from "./shape.ts";
import type { Interval } from "./value.ts";

const INT32_MAX = 2 ** 31 - 1;
const INT32_MIN = -(2 ** 31);
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/** PostgreSQL's own encoding: every field at its limit. */
export const INTERVAL_INFINITY: Interval = {
  kind: "interval",
  months: INT32_MAX,
  days: INT32_MAX,
  micros: INT64_MAX,
};
export const INTERVAL_NEG_INFINITY: Interval = {
  kind: "interval",
  months: INT32_MIN,
  days: INT32_MIN,
  micros: INT64_MIN,
};

function isSame(left: Interval, right: Interval): boolean {
  return left.months === right.months && left.days === right.days && left.micros === right.micros;
}

/** An interval taken apart; every field carries its own sign. */
interface Parts {
  readonly years: number;
  readonly months: number;
  readonly days: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
  /** Microseconds of the second, -999,999 to 999,999. */
  readonly fraction: number;
}

export function intervalText(value: Interval, style: TextSettings["intervalStyle"]): string {
  if (isSame(value, INTERVAL_INFINITY)) return "infinity";
  if (isSame(value, INTERVAL_NEG_INFINITY)) return "-infinity";
  const parts = partsOf(value);
  switch (style) {
    case "postgres":
      return postgresText(parts);
    case "postgres_verbose":
      return verboseText(parts);
    case "sql_standard":
      return standardText(parts);
    case "iso_8601":
      return isoText(parts);
  }
}

function partsOf({ months, days, micros }: Interval): Parts {
  const wholeSeconds = micros / 1_000_000n;
  const seconds = Number(wholeSeconds); // at most 9.3e12: exact
  return {
    years: Math.trunc(months / 12) + 0,
    months: (months % 12) + 0,
    days,
    hours: Math.trunc(seconds / 3600) + 0,
    minutes: Math.trunc((seconds % 3600) / 60) + 0,
    seconds: (seconds % 60) + 0,
    fraction: Number(micros % 1_000_000n),
  };
}

function postgresText(parts: Parts): string {
  const words: string[] = [];
  let isBefore = false;
  const add = (value: number, unit: string) => {
    if (value === 0) return;
    const plus = isBefore && value > 0 ? "+" : "";
    words.push(`${plus}${value} ${unit}${value === 1 ? "" : "s"}`);
    isBefore = value < 0;
  };
  add(parts.years, "year");
  add(parts.months, "mon");
  add(parts.days, "day");
  const { hours, minutes, seconds, fraction } = parts;
  if (words.length === 0 || hours !== 0 || minutes !== 0 || seconds !== 0 || fraction !== 0) {
    const isNegative = hours < 0 || minutes < 0 || seconds < 0 || fraction < 0;
    const sign = isNegative ? "-" : isBefore ? "+" : "";
    words.push(`${sign}${two(hours)}:${two(minutes)}:${secondsText(parts, 2)}`);
  }
  return words.join(" ");
}

function verboseText(parts: Parts): string {
  let text = "@";
  let isZero = true;
  let isBefore = false;
  const add = (value: number, unit: string) => {
    if (value === 0) return;
    if (isZero) isBefore = value < 0;
    const shown = isBefore ? -value : value;
    text += ` ${shown} ${unit}${shown === 1 ? "" : "s"}`;
    isZero = false;
  };
  add(parts.years, "year");
  add(parts.months, "mon");
  add(parts.days, "day");
  add(parts.hours, "hour");
  add(parts.minutes, "min");
  const { seconds, fraction } = parts;
  if (seconds !== 0 || fraction !== 0) {
    const isNegative = seconds < 0 || fraction < 0;
    if (isZero) isBefore = isNegative;
    const sign = isNegative !== isBefore ? "-" : "";
    const isOne = Math.abs(seconds) === 1 && fraction === 0;
    text += ` ${sign}${secondsText(parts, 1)} sec${isOne ? "" : "s"}`;
    isZero = false;
  }
  if (isZero) text += " 0";
  return isBefore ? `${text} ago` : text;
}

function standardText(parts: Parts): string {
  const { years, months, days, hours, minutes, seconds, fraction } = parts;
  const all = [years, months, days, hours, minutes, seconds, fraction];
  const hasNegative = all.some((value) => value < 0);
  const hasPositive = all.some((value) => value > 0);
  if (!hasNegative && !hasPositive) return "0";
  const hasYearMonth = years !== 0 || months !== 0;
  const hasDayTime = all.slice(2).some((value) => value !== 0);
  const size = Math.abs;
  const clock = `${size(hours)}:${two(minutes)}:${secondsText(parts, 2)}`;
  if ((hasNegative && hasPositive) || (hasYearMonth && hasDayTime)) {
    const yearSign = years < 0 || months < 0 ? "-" : "+";
    const daySign = days < 0 ? "-" : "+";
    const clockSign = hours < 0 || minutes < 0 || seconds < 0 || fraction < 0 ? "-" : "+";
    const date = `${yearSign}${size(years)}-${size(months)} ${daySign}${size(days)}`;
    return `${date} ${clockSign}${clock}`;
  }
  const sign = hasNegative ? "-" : "";
  if (hasYearMonth) return `${sign}${size(years)}-${size(months)}`;
  return days !== 0 ? `${sign}${size(days)} ${clock}` : sign + clock;
}

function isoText(parts: Parts): string {
  let text = "P";
  if (parts.years !== 0) text += `${parts.years}Y`;
  if (parts.months !== 0) text += `${parts.months}M`;
  if (parts.days !== 0) text += `${parts.days}D`;
  const { hours, minutes, seconds, fraction } = parts;
  if (hours !== 0 || minutes !== 0 || seconds !== 0 || fraction !== 0) {
    text += "T";
    if (hours !== 0) text += `${hours}H`;
    if (minutes !== 0) text += `${minutes}M`;
    if (seconds !== 0 || fraction !== 0) {
      text += `${seconds < 0 || fraction < 0 ? "-" : ""}${secondsText(parts, 1)}S`;
    }
  }
  return text === "P" ? "PT0S" : text;
}

/** Without sign. */
function secondsText({ seconds, fraction }: Parts, width: number): string {
  const whole = String(Math.abs(seconds)).padStart(width, "0");
  return fraction === 0 ? whole : `${whole}.${fractionText(Math.abs(fraction))}`;
}

function two(value: number): string {
  return String(Math.abs(value)).padStart(2, "0");
}
