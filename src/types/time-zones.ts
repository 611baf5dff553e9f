/**
 * Offsets of time zones, from the ICU data inside Node.
 *
 * Intl answers one instant at a time and slowly, so the answer is kept per chunk of about six days:
 * one offset, or the moment it changes. That is as exact as no zone changing twice within a chunk.
 */

import { SqlError } from "../base/errors.ts";

/** An IANA name or a fixed offset in seconds east of Greenwich. */
export type Zone = string | number;

const CHUNK_SECONDS = 2 ** 19;
const CHUNKS_MAX = 20_000;
const DAY = 86_400;
/** Zones repeat with the calendar after 400 years; Intl knows no date beyond the year 275760. */
const CYCLE_SECONDS = 146_097 * DAY;
const CYCLE_FROM = 253_402_300_800; // year 10000

interface Chunk {
  /** Offset from the chunk's start, and from `changeAt` (UTC seconds, may be Infinity) on. */
  readonly before: number;
  readonly changeAt: number;
  readonly after: number;
}

class ZoneOffsets {
  readonly #format: Intl.DateTimeFormat;
  readonly #chunks = new Map<number, Chunk>();
  #lastNumber = Number.NaN;
  #last: Chunk = { before: 0, changeAt: Infinity, after: 0 };

  constructor(name: string) {
    this.#format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      timeZoneName: "longOffset",
      year: "numeric",
    });
  }

  at(utcSeconds: number): number {
    const seconds = utcSeconds < CYCLE_FROM ? utcSeconds : cycled(utcSeconds);
    const number = Math.floor(seconds / CHUNK_SECONDS);
    if (number !== this.#lastNumber) {
      this.#last = this.#chunk(number);
      this.#lastNumber = number;
    }
    return seconds < this.#last.changeAt ? this.#last.before : this.#last.after;
  }

  #chunk(number: number): Chunk {
    const known = this.#chunks.get(number);
    if (known !== undefined) return known;
    if (this.#chunks.size >= CHUNKS_MAX) this.#chunks.clear();
    const from = number * CHUNK_SECONDS;
    const before = this.#ask(from);
    const after = this.#ask(from + CHUNK_SECONDS - 1);
    let changeAt = Infinity;
    if (before !== after) {
      let low = from; // before holds at low, not at high
      let high = from + CHUNK_SECONDS - 1;
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        if (this.#ask(middle) === before) low = middle;
        else high = middle;
      }
      changeAt = high;
    }
    const chunk = { before, changeAt, after };
    this.#chunks.set(number, chunk);
    return chunk;
  }

  #ask(utcSeconds: number): number {
    const text = this.#format.format(utcSeconds * 1000);
    const match = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text);
    if (match === null) throw new SqlError("XX000", `cannot read the time zone of "${text}"`);
    if (match[1] === undefined) return 0;
    const size = Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4] ?? "0");
    return match[1] === "-" ? -size : size;
  }
}

function cycled(utcSeconds: number): number {
  const cycles = Math.floor((utcSeconds - CYCLE_FROM) / CYCLE_SECONDS) + 1;
  return utcSeconds - cycles * CYCLE_SECONDS;
}

const zones = new Map<string, ZoneOffsets>();

function offsetsOf(name: string): ZoneOffsets {
  let offsets = zones.get(name);
  if (offsets === undefined) {
    offsets = new ZoneOffsets(name);
    zones.set(name, offsets);
  }
  return offsets;
}

/** Whether the name is an IANA zone that Node knows, in any case. "+05:30" is none of them. */
export function isZoneName(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  if (zones.has(name)) return true;
  try {
    offsetsOf(name);
    return true;
  } catch (cause) {
    if (cause instanceof RangeError) return false;
    throw cause;
  }
}

/**
 * A zone as input names it: an IANA name in any case, or POSIX's "utc+3" (which is west of
 * Greenwich). POSIX rules for daylight saving are not read.
 */
export function resolveZone(name: string): Zone | undefined {
  if (isZoneName(name)) return canonicalName(name);
  const posix = /^(?:[a-z]{3,}|<[a-z\d+-]{3,}>)([+-]?)(\d{1,3})(?::(\d{1,2})(?::(\d{1,2}))?)?$/i;
  const match = posix.exec(name);
  if (match === null) return undefined;
  const size = Number(match[2]) * 3600 + Number(match[3] ?? 0) * 60 + Number(match[4] ?? 0);
  if (Number(match[2]) > 167 || Number(match[3] ?? 0) > 59) return undefined;
  return match[1] === "-" ? size : -size + 0;
}

/** Upper case where IANA has it, for the common shape of names; offsets do not depend on it. */
function canonicalName(name: string): string {
  return new Intl.DateTimeFormat("en-US", { timeZone: name }).resolvedOptions().timeZone;
}

/** Seconds east of Greenwich at a moment given in seconds since 1970 UTC. */
export function offsetAt(zone: Zone, utcSeconds: number): number {
  if (typeof zone === "number") return zone;
  if (zone === "UTC") return 0;
  return offsetsOf(zone).at(utcSeconds);
}

/**
 * The offset that a local time means, by PostgreSQL's rule: a time that does not exist is read with
 * the offset before the change, a time that exists twice with the one after it.
 */
export function offsetOfLocal(zone: Zone, localSeconds: number): number {
  if (typeof zone === "number") return zone;
  const day = Math.floor(localSeconds / DAY) * DAY;
  const from = day - DAY;
  const before = offsetAt(zone, from);
  const after = offsetAt(zone, day + 2 * DAY);
  if (before === after) return before;
  let low = from;
  let high = day + 2 * DAY;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(zone, middle) === before) low = middle;
    else high = middle;
  }
  const boundary = high;
  const ifBefore = localSeconds - before;
  const ifAfter = localSeconds - after;
  if (ifBefore < boundary && ifAfter < boundary) return before;
  if (ifBefore > boundary && ifAfter >= boundary) return after;
  return ifBefore > ifAfter ? before : after;
}

/** "+05:30" or "-08", as PostgreSQL prints an offset. */
export function offsetText(offset: number): string {
  const size = Math.abs(offset);
  const seconds = size % 60;
  const minutes = Math.floor(size / 60) % 60;
  let text = (offset < 0 ? "-" : "+") + String(Math.floor(size / 3600)).padStart(2, "0");
  if (minutes !== 0 || seconds !== 0) text += `:${String(minutes).padStart(2, "0")}`;
  if (seconds !== 0) text += `:${String(seconds).padStart(2, "0")}`;
  return text;
}
