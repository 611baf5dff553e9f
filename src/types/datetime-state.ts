/** What is known of a date and time while its fields are read, and where it must be consistent. */

import { civilFromDays } from "./calendar.ts";
import { badFormat, fieldFault, type Reserved } from "./datetime-fields.ts";
import type { Zone } from "./time-zones.ts";

/** Bits of `DatetimeState.mask`. */
export const YEAR = 1;
export const MONTH = 2;
export const DAY = 4;
export const DATE = YEAR | MONTH | DAY;
export const TIME = 8;
export const ZONE = 16;
export const DAY_OF_YEAR = 32;
export const WEEKDAY = 64;
export const HALF_DAY = 128;
export const ERA = 256;

export interface DecodeSettings {
  readonly order: "MDY" | "DMY" | "YMD";
  readonly timeZone: Zone;
  readonly nowMicros: bigint;
}

/** What the fields have said so far. */
export class DatetimeState {
  readonly settings: DecodeSettings;
  mask = 0;
  year = 0;
  month = 0;
  day = 0;
  dayOfYear = 0;
  hour = 0;
  minute = 0;
  second = 0;
  fraction = 0;
  offset = 0;
  zone: Zone | undefined;
  hasTextMonth = false;
  isShortYear = false;
  isJulian = false;
  isBeforeChrist = false;
  halfDay: "am" | "pm" | undefined;
  special: Reserved | undefined;
  prefix: "julian" | "time" | "other" | undefined;

  constructor(settings: DecodeSettings) {
    this.settings = settings;
  }

  /** A field may be given once. */
  mark(found: number): void {
    if ((this.mask & found) !== 0) throw badFormat();
    this.mask |= found;
  }

  setDays(days: number): void {
    const { year, month, day } = civilFromDays(days);
    this.year = year;
    this.month = month;
    this.day = day;
  }
}

export function checkTimeOfDay(state: DatetimeState): void {
  const { hour, minute, second } = state;
  if (hour > 24 || minute > 59 || second > 60 || microsOf(state) > 86_400_000_000) {
    throw fieldFault();
  }
}

export function microsOf(state: DatetimeState): number {
  const seconds = state.hour * 3600 + state.minute * 60 + state.second;
  return seconds * 1_000_000 + state.fraction;
}
