/**
 * Dates and times as PostgreSQL prints them, under DateStyle and TimeZone. Reading: datetime-
 * input.ts.
 */

import { floorDiv } from "../base/units.ts";
import { civilFromDays, dayOfWeek, MICROS_PER_DAY, MONTHS, WEEKDAYS } from "./calendar.ts";
import type { TextSettings } from "./shape.ts";
import { offsetAt, offsetText } from "./time-zones.ts";
import { NEG_INFINITY, POS_INFINITY } from "./value.ts";
import { abbreviationAt } from "./zone-abbreviations.ts";

type DateStyle = TextSettings["dateStyle"];

/** `days` since 1970-01-01, or ±Infinity. */
export function dateText(days: number, style: DateStyle): string {
  if (days === Infinity) return "infinity";
  if (days === -Infinity) return "-infinity";
  const { year, month, day } = civilFromDays(days);
  const era = year > 0 ? "" : " BC";
  const yyyy = four(year > 0 ? year : 1 - year);
  if (style.format === "ISO") return `${yyyy}-${two(month)}-${two(day)}${era}`;
  if (style.format === "German") return `${two(day)}.${two(month)}.${yyyy}${era}`;
  const [first, second] = style.order === "DMY" ? [day, month] : [month, day];
  const separator = style.format === "SQL" ? "/" : "-";
  return `${two(first)}${separator}${two(second)}${separator}${yyyy}${era}`;
}

/** Microseconds since midnight; 24:00:00 is a value of its own. */
export function timeText(micros: bigint): string {
  return clockText(Number(micros));
}

/** Microseconds since 1970-01-01, or one of the infinities. */
export function timestampText(micros: bigint, style: DateStyle): string {
  return infinityText(micros) ?? stampText(splitMicros(micros), style, undefined);
}

export function timestamptzText(micros: bigint, settings: TextSettings): string {
  const infinity = infinityText(micros);
  if (infinity !== undefined) return infinity;
  const { days, microsOfDay } = splitMicros(micros);
  const utcSeconds = days * 86_400 + Math.floor(microsOfDay / 1_000_000);
  const offset = offsetAt(settings.timeZone, utcSeconds);
  let localDays = days;
  let localMicros = microsOfDay + offset * 1_000_000;
  while (localMicros < 0) {
    localMicros += MICROS_PER_DAY;
    localDays -= 1;
  }
  while (localMicros >= MICROS_PER_DAY) {
    localMicros -= MICROS_PER_DAY;
    localDays += 1;
  }
  const { format } = settings.dateStyle;
  const zone =
    format === "ISO"
      ? offsetText(offset)
      : ` ${abbreviationAt(settings.timeZone, utcSeconds, offset)}`;
  return stampText({ days: localDays, microsOfDay: localMicros }, settings.dateStyle, zone);
}

function infinityText(micros: bigint): string | undefined {
  if (micros === POS_INFINITY) return "infinity";
  return micros === NEG_INFINITY ? "-infinity" : undefined;
}

interface Moment {
  readonly days: number;
  /** 0 to 86,399,999,999. */
  readonly microsOfDay: number;
}

/**
 * A double holds microseconds exactly to the year 2255; beyond it the division is done in bigint.
 */
function splitMicros(micros: bigint): Moment {
  const quick = Number(micros);
  if (Number.isSafeInteger(quick)) {
    const days = Math.floor(quick / MICROS_PER_DAY);
    return { days, microsOfDay: quick - days * MICROS_PER_DAY };
  }
  const days = floorDiv(micros, BigInt(MICROS_PER_DAY));
  return { days: Number(days), microsOfDay: Number(micros - days * BigInt(MICROS_PER_DAY)) };
}

function stampText(moment: Moment, style: DateStyle, zone: string | undefined): string {
  const { year, month, day } = civilFromDays(moment.days);
  const era = year > 0 ? "" : " BC";
  const yyyy = four(year > 0 ? year : 1 - year);
  const clock = clockText(moment.microsOfDay);
  const isDayFirst = style.order === "DMY";
  switch (style.format) {
    case "ISO":
      return `${yyyy}-${two(month)}-${two(day)} ${clock}${zone ?? ""}${era}`;
    case "German":
      return `${two(day)}.${two(month)}.${yyyy} ${clock}${zone ?? ""}${era}`;
    case "SQL": {
      const date = isDayFirst ? `${two(day)}/${two(month)}` : `${two(month)}/${two(day)}`;
      return `${date}/${yyyy} ${clock}${zone ?? ""}${era}`;
    }
    case "Postgres": {
      const name = MONTHS[month - 1];
      const date = isDayFirst ? `${two(day)} ${name}` : `${name} ${two(day)}`;
      const weekday = WEEKDAYS[dayOfWeek(moment.days)];
      return `${weekday} ${date} ${clock} ${yyyy}${zone ?? ""}${era}`;
    }
  }
}

function clockText(microsOfDay: number): string {
  const fraction = microsOfDay % 1_000_000;
  const seconds = (microsOfDay - fraction) / 1_000_000;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const text = `${two(hours)}:${two(minutes)}:${two(seconds % 60)}`;
  return fraction === 0 ? text : `${text}.${fractionText(fraction)}`;
}

/** Microseconds as the digits after the point, trailing zeros dropped. */
export function fractionText(micros: number): string {
  const digits = String(micros).padStart(6, "0");
  let until = 6;
  while (until > 1 && digits.charCodeAt(until - 1) === 48) until -= 1;
  return digits.slice(0, until);
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

function four(value: number): string {
  return value >= 1000 ? String(value) : String(value).padStart(4, "0");
}
