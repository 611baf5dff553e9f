/** to_char of timestamps and intervals, as DCH_to_char in formatting.c. */

import type { DuckDBIntervalValue } from "@duckdb/node-api";
import { civilFromDays, dayOfWeek, daysFromCivil, JULIAN_OF_EPOCH } from "../../types/calendar.ts";
import { type FormatNode, readFormat } from "./date-format.ts";
import { pgError } from "./scalar-function.ts";

/** Broken-down time, as C's struct tm with microseconds. Year 0 is 1 BC. */
interface Clock {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly micros: number;
  /** Days since 1970-01-01; undefined for an interval. */
  readonly days: number | undefined;
  readonly zone: { readonly offset: number; readonly abbreviation: string } | undefined;
}

const MICROS_PER_DAY = 86_400_000_000n;
const MONTHS = `January February March April May June July August September October November
  December`.split(/\s+/);
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
const ROMAN = "I II III IV V VI VII VIII IX X XI XII".split(" ");

/** `local` in microseconds since 1970; `zone` where the value has one. */
export function timestampToChar(local: bigint, format: string, zone: Clock["zone"]): string {
  const ofDay = ((local % MICROS_PER_DAY) + MICROS_PER_DAY) % MICROS_PER_DAY;
  const days = Number((local - ofDay) / MICROS_PER_DAY);
  const micros = Number(ofDay);
  return printed(format, { ...civilFromDays(days), ...clockOf(micros), days, zone });
}

export function intervalToChar(value: DuckDBIntervalValue, format: string): string {
  const micros = Number(value.micros);
  return printed(format, {
    year: Math.trunc(value.months / 12),
    month: value.months % 12,
    day: value.days,
    ...clockOf(micros),
    days: undefined,
    zone: undefined,
  });
}

function clockOf(micros: number) {
  const seconds = Math.trunc(micros / 1_000_000);
  return {
    hour: Math.trunc(seconds / 3600),
    minute: Math.trunc(seconds / 60) % 60,
    second: seconds % 60,
    micros: micros % 1_000_000,
  };
}

function printed(format: string, clock: Clock): string {
  return readFormat(format)
    .map((node) => (node.kind === "field" ? printedField(node, clock) : node.text))
    .join("");
}

type Field = Extract<FormatNode, { kind: "field" }>;

function printedField(node: Field, clock: Clock): string {
  const text = nameText(node, clock) ?? digitsText(node, clock);
  return node.ordinal === undefined || !/\d$/.test(text)
    ? text
    : text + ordinal(text, node.ordinal);
}

/** Zero-padded; a sign takes a place of its own. FM pads nothing. */
function padded(node: Field, value: number, width: number): string {
  const digits = String(Math.abs(value)).padStart(node.isFill ? 0 : width, "0");
  return value < 0 ? `-${digits}` : digits;
}

function ordinal(text: string, style: "TH" | "th"): string {
  const last = text.at(-1) as string;
  const isTeen = text.at(-2) === "1";
  const suffix = isTeen ? "th" : ({ 1: "st", 2: "nd", 3: "rd" }[last] ?? "th");
  return style === "TH" ? suffix.toUpperCase() : suffix;
}

function cased(node: Field, name: string): string {
  if (node.pattern === node.pattern.toUpperCase()) return name.toUpperCase();
  return node.pattern === node.pattern.toLowerCase() ? name.toLowerCase() : name;
}

/** Only timestamps stand in a calendar. */
function dayNumber(clock: Clock): number {
  if (clock.days === undefined) {
    throw pgError("22007", "invalid format specification for an interval value");
  }
  return clock.days;
}

/** Patterns that print words; undefined for the others. */
function nameText(node: Field, clock: Clock): string | undefined {
  const column = (text: string, width: number) => (node.isFill ? text : text.padEnd(width));
  switch (node.name) {
    case "A.M.":
    case "P.M.":
      return cased(node, clock.hour % 24 >= 12 ? "P.M." : "A.M.");
    case "AM":
    case "PM":
      return cased(node, clock.hour % 24 >= 12 ? "PM" : "AM");
    case "A.D.":
    case "B.C.":
      dayNumber(clock);
      return cased(node, clock.year <= 0 ? "B.C." : "A.D.");
    case "AD":
    case "BC":
      dayNumber(clock);
      return cased(node, clock.year <= 0 ? "BC" : "AD");
    case "MONTH":
      dayNumber(clock);
      return column(cased(node, MONTHS[clock.month - 1] as string), 9);
    case "MON":
      dayNumber(clock);
      return cased(node, (MONTHS[clock.month - 1] as string).slice(0, 3));
    case "DAY":
      return column(cased(node, DAYS[dayOfWeek(dayNumber(clock))] as string), 9);
    case "DY":
      return cased(node, (DAYS[dayOfWeek(dayNumber(clock))] as string).slice(0, 3));
    case "RM":
      return clock.month === 0 ? "" : column(cased(node, ROMAN[clock.month - 1] as string), 4);
    case "TZ":
      dayNumber(clock);
      return cased(node, clock.zone?.abbreviation ?? "");
    case "TZH":
    case "TZM":
    case "OF":
      return offsetText(node, clock);
    case "FX":
      return "";
    default:
      return undefined;
  }
}

function offsetText(node: Field, clock: Clock): string {
  dayNumber(clock);
  const offset = clock.zone?.offset ?? 0;
  const hours = Math.trunc(Math.abs(offset) / 3600);
  const minutes = String(Math.trunc(Math.abs(offset) / 60) % 60).padStart(2, "0");
  const sign = offset < 0 ? "-" : "+";
  if (node.name === "TZM") return minutes;
  if (node.name === "TZH") return sign + String(hours).padStart(2, "0");
  const text = sign + String(hours).padStart(node.isFill ? 0 : 2, "0");
  return minutes === "00" ? text : `${text}:${minutes}`;
}

function digitsText(node: Field, clock: Clock): string {
  const { hour, micros } = clock;
  const pad = (value: number, width: number) => padded(node, value, width);
  const fraction = (digits: number) =>
    String(Math.trunc(micros / 10 ** (6 - digits))).padStart(digits, "0");
  switch (node.name) {
    case "HH":
    case "HH12":
      return pad(hour % 12 === 0 ? 12 : hour % 12, 2);
    case "HH24":
      return pad(hour, 2);
    case "MI":
      return pad(clock.minute, 2);
    case "SS":
      return pad(clock.second, 2);
    case "MS":
      return fraction(3);
    case "US":
      return fraction(6);
    case "SSSS":
    case "SSSSS":
      return String(hour * 3600 + clock.minute * 60 + clock.second);
    case "MM":
      return pad(clock.month, 2);
    case "DD":
      return pad(clock.day, 2);
    case "Q":
      return clock.month === 0 ? "" : String(Math.trunc((clock.month - 1) / 3) + 1);
    case "W":
      return String(Math.trunc((clock.day - 1) / 7) + 1);
    default:
      return node.name.startsWith("FF")
        ? fraction(Number(node.name[2]))
        : calendarText(node, clock);
  }
}

function calendarText(node: Field, clock: Clock): string {
  const pad = (value: number, width: number) => padded(node, value, width);
  if (/Y/.test(node.name) || node.name === "I" || node.name === "CC") return yearText(node, clock);
  const days = dayNumber(clock);
  const dayOfYear = days - daysFromCivil(clock.year, 1, 1) + 1;
  const weekday = dayOfWeek(days);
  switch (node.name) {
    case "D":
      return String(weekday + 1);
    case "ID":
      return String(weekday === 0 ? 7 : weekday);
    case "DDD":
      return pad(dayOfYear, 3);
    case "WW":
      return pad(Math.trunc((dayOfYear - 1) / 7) + 1, 2);
    case "IW":
      return pad(Math.trunc(isoDayOfYear(days) / 7) + 1, 2);
    case "IDDD":
      return pad(isoDayOfYear(days) + 1, 3);
    case "J":
      return String(days + JULIAN_OF_EPOCH);
    default:
      throw pgError(
        "0A000",
        `to_char with pattern ${node.pattern} is not supported on these tables`,
      );
  }
}

/** The Thursday of a week says which year the week belongs to. */
function isoYear(days: number): number {
  const fromMonday = (dayOfWeek(days) + 6) % 7;
  return civilFromDays(days - fromMonday + 3).year;
}

function isoDayOfYear(days: number): number {
  const fourth = daysFromCivil(isoYear(days), 1, 4);
  return days - (fourth - ((dayOfWeek(fourth) + 6) % 7));
}

function yearText(node: Field, clock: Clock): string {
  const isInterval = clock.days === undefined;
  if (isInterval && node.name.startsWith("I")) {
    throw pgError("0A000", "to_char of an interval's ISO year is not supported on these tables");
  }
  const raw = node.name.startsWith("I") && !isInterval ? isoYear(dayNumber(clock)) : clock.year;
  // years before the first are counted as of Christ's birth
  const year = isInterval || raw > 0 ? raw : 1 - raw;
  if (node.name === "CC") return centuryText(node, clock, isInterval);
  if (node.name === "Y,YYY") {
    const thousands = Math.trunc(year / 1000);
    return `${thousands},${String(year - thousands * 1000).padStart(3, "0")}`;
  }
  const width = node.name.length;
  return padded(node, width === 4 ? year : year % 10 ** width, width);
}

function centuryText(node: Field, { year }: Clock, isInterval: boolean): string {
  const above = year > 0 ? Math.trunc((year - 1) / 100) + 1 : Math.trunc(year / 100) - 1;
  const century = isInterval ? Math.trunc(year / 100) : above;
  return Math.abs(century) <= 99 ? padded(node, century, 2) : String(century);
}
