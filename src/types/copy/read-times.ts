/** Timestamps out of bytes, in ISO 8601 as programs write it; undefined for any other form. */

import { offsetOfLocal, type Zone } from "../time-zones.ts";
import type { FieldPlaces } from "./field-places.ts";
import { isoDays, twoDigits } from "./read-numbers.ts";

const COLON = 0x3a;
const POINT = 0x2e;
const BLANK = 0x20;
const LETTER_T = 0x54;
const LETTER_Z = 0x5a;
const PLUS = 0x2b;
const MINUS = 0x2d;
const ZERO = 0x30;

const DAY_SECONDS = 86_400;
/** Within these days, from 1700 to 2200, microseconds are exact in a number. */
const DAYS_MIN = -98_615;
const DAYS_MAX = 84_006;
/** No zone changes its offset twice within so many seconds. */
const QUARTER = 900;

export class MomentReader {
  readonly #zone: Zone | undefined;
  #quarter = Number.NaN;
  #quarterOffset: number | undefined;

  /** @param zone of local times; undefined for a timestamp without time zone */
  constructor(zone: Zone | undefined) {
    this.#zone = zone;
  }

  /** NaN for NULL and for any other form. */
  readAll({ bytes, starts, ends, count }: FieldPlaces, into: Float64Array): void {
    for (let i = 0; i < count; i += 1) {
      const start = starts[i] as number;
      const value = start < 0 ? undefined : this.read(bytes, start, ends[i] as number);
      into[i] = value ?? Number.NaN;
    }
  }

  /** Microseconds since 1970, in UTC where there is a zone. */
  read(bytes: Uint8Array, start: number, end: number): number | undefined {
    const length = end - start;
    if (length < 19) return undefined;
    const days = isoDays(bytes, start);
    if (days === undefined || days < DAYS_MIN || days > DAYS_MAX) return undefined;
    const between = bytes[start + 10];
    if (between !== BLANK && between !== LETTER_T) return undefined;
    if (bytes[start + 13] !== COLON || bytes[start + 16] !== COLON) return undefined;
    const hour = twoDigits(bytes, start + 11);
    const minute = twoDigits(bytes, start + 14);
    const second = twoDigits(bytes, start + 17);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
      return undefined;
    }
    let at = start + 19;
    let micros = 0;
    if (at < end && bytes[at] === POINT) {
      let unit = 100_000;
      at += 1;
      const first = at;
      for (; at < end; at += 1) {
        const digit = (bytes[at] as number) - ZERO;
        if (digit < 0 || digit > 9) break;
        micros += digit * unit;
        unit /= 10;
      }
      if (at === first || at - first > 6) return undefined;
    }
    const local = days * DAY_SECONDS + hour * 3600 + minute * 60 + second;
    const offset = at === end ? this.#localOffset(local) : this.#givenOffset(bytes, at, end);
    return offset === undefined ? undefined : (local - offset) * 1_000_000 + micros;
  }

  #localOffset(local: number): number | undefined {
    const zone = this.#zone;
    if (zone === undefined || zone === "UTC") return 0;
    const quarter = Math.floor(local / QUARTER);
    if (quarter !== this.#quarter) {
      const first = offsetOfLocal(zone, quarter * QUARTER);
      this.#quarter = quarter;
      const isSame = first === offsetOfLocal(zone, quarter * QUARTER + QUARTER - 1);
      this.#quarterOffset = isSame ? first : undefined;
    }
    return this.#quarterOffset;
  }

  /** `Z`, `+01`, `-0330`, `+05:30`. */
  #givenOffset(bytes: Uint8Array, at: number, end: number): number | undefined {
    if (this.#zone === undefined) return undefined;
    const sign = bytes[at];
    const length = end - at;
    if (sign === LETTER_Z) return length === 1 ? 0 : undefined;
    if (sign !== PLUS && sign !== MINUS) return undefined;
    const hours = length >= 3 ? twoDigits(bytes, at + 1) : -1;
    if (hours < 0 || hours > 14) return undefined;
    let minutes = 0;
    if (length === 5) minutes = twoDigits(bytes, at + 3);
    else if (length === 6 && bytes[at + 3] === COLON) minutes = twoDigits(bytes, at + 4);
    else if (length !== 3) return undefined;
    if (minutes < 0 || minutes > 59) return undefined;
    const seconds = hours * 3600 + minutes * 60;
    return sign === MINUS ? -seconds : seconds;
  }
}
