/**
 * Texts of intervals → values: PostgreSQL's DecodeInterval and ISO 8601's form with designators.
 */

import { decodeClock, numberFraction } from "./datetime-clock.ts";
import {
  badFormat,
  DatetimeFault,
  type DatetimeField,
  fieldFault,
  splitFields,
} from "./datetime-fields.ts";
import { datetimeError } from "./datetime-input.ts";
import { INTERVAL_INFINITY, INTERVAL_NEG_INFINITY } from "./interval.ts";
import { isoInterval } from "./interval-iso.ts";
import { IntervalSum, MICROS, type Unit } from "./interval-sum.ts";
import type { TextSettings } from "./shape.ts";
import type { Interval } from "./value.ts";

const LENGTH_MAX = 256;

/** @throws SqlError 22007, 22008, 22015 */
export function parseInterval(text: string, style: TextSettings["intervalStyle"]): Interval {
  try {
    return fromFields(text, style) ?? isoInterval(text).interval();
  } catch (cause) {
    if (!(cause instanceof DatetimeFault)) throw cause;
    const fault = cause.kind === "field" ? new DatetimeFault("interval") : cause;
    throw datetimeError(fault, text, "interval");
  }
}

/** undefined: the text has another form, perhaps ISO 8601's. */
function fromFields(text: string, style: TextSettings["intervalStyle"]): Interval | undefined {
  try {
    const decoder = new IntervalDecoder(splitFields(text, LENGTH_MAX), style === "sql_standard");
    return decoder.decode();
  } catch (cause) {
    if (cause instanceof DatetimeFault && cause.kind === "format") return undefined;
    throw cause;
  }
}

/** Which fields were given: each may be given once. "seconds" takes the finer ones with it. */
const MARKS: Readonly<Record<Unit, number>> = {
  microsecond: 1,
  millisecond: 2,
  second: 4,
  minute: 8,
  hour: 16,
  day: 32,
  week: 64,
  month: 128,
  year: 256,
  decade: 512,
  century: 1024,
  millennium: 2048,
};
const ALL_SECONDS = 7;
const CLOCK = 31;
const EVERYTHING = 4095;

class IntervalDecoder {
  readonly #fields: readonly DatetimeField[];
  readonly #isForcedNegative: boolean;
  readonly #sum = new IntervalSum();
  #mask = 0;
  #unit: Unit | "unknown" | undefined;
  #isUnitPending = false;
  #isAgo = false;
  #infinity: Interval | undefined;

  constructor(fields: readonly DatetimeField[], isStandard: boolean) {
    this.#fields = fields;
    // In the SQL standard one leading minus belongs to the whole literal.
    this.#isForcedNegative =
      isStandard &&
      fields[0]?.text.startsWith("-") === true &&
      !fields.slice(1).some(({ text }) => /^[+-]/.test(text));
  }

  /** Backwards, so that a unit is known before its number. */
  decode(): Interval {
    for (let index = this.#fields.length - 1; index >= 0; index -= 1) {
      const field = this.#fields[index] as DatetimeField;
      const isLast = index === this.#fields.length - 1;
      if (field.kind === "time") this.#clock(field.text, false);
      else if (field.kind === "word" || field.kind === "signed-word") {
        this.#word(field.text, isLast);
      } else if (!this.#signedClock(field)) this.#number(field.text);
    }
    if (this.#mask === 0 || this.#isUnitPending) throw badFormat();
    if (this.#infinity !== undefined) return this.#infinity;
    if (this.#isAgo) this.#sum.negate();
    return this.#sum.interval();
  }

  #mark(found: number): void {
    if ((found & this.#mask) !== 0) throw badFormat();
    this.#mask |= found;
  }

  #clock(text: string, isNegative: boolean): void {
    const { hour, minute, second, fraction } = decodeClock(text);
    const rest = (minute * 60 + second) * 1_000_000 + fraction;
    let micros = hour * MICROS.hour + BigInt(rest);
    if (BigInt.asIntN(64, micros) !== micros) throw fieldFault();
    if (isNegative) micros = -micros;
    if (this.#isForcedNegative && micros > 0n) micros = -micros;
    this.#mark(CLOCK);
    this.#sum.micros = micros;
    this.#unit = "day";
    this.#isUnitPending = false;
  }

  /** "+02:03" is read like a time; anything else with a sign is a number. */
  #signedClock(field: DatetimeField): boolean {
    if (field.kind !== "zone" || !field.text.includes(":")) return false;
    try {
      decodeClock(field.text.slice(1));
    } catch (cause) {
      if (cause instanceof DatetimeFault) return false;
      throw cause;
    }
    this.#clock(field.text.slice(1), field.text.startsWith("-"));
    return true;
  }

  #number(text: string): void {
    const match = /^([+-]?)(\d*)(?:-(\d*)|(\..*))?$/.exec(text);
    if (match === null) throw badFormat();
    const [, sign, digits = "", months, point] = match;
    if (digits === "" && months !== undefined) throw badFormat();
    let unit: Unit | "unknown" = this.#unit ?? "second";
    let value = BigInt(digits || "0");
    let fraction = point === undefined ? 0 : numberFraction(point);
    if (months !== undefined) {
      const extra = Number(months || "0");
      if (extra >= 12) throw fieldFault();
      unit = "month";
      value = value * 12n + BigInt(extra);
    }
    if (sign === "-" || this.#isForcedNegative) {
      value = -value;
      fraction = -fraction;
    }
    if (BigInt.asIntN(64, value) !== value) throw fieldFault();
    if (unit === "unknown") throw badFormat();
    this.#sum.add(unit, value, fraction);
    this.#mark(unit === "second" && fraction !== 0 ? ALL_SECONDS : MARKS[unit]);
    this.#unit = unit === "hour" ? "day" : unit;
    this.#isUnitPending = false;
  }

  #word(text: string, isLast: boolean): void {
    if (this.#isUnitPending) throw badFormat();
    const unit = UNIT_WORDS.get(text.slice(0, 10));
    if (unit !== undefined) {
      this.#unit = unit;
      this.#isUnitPending = true;
      return;
    }
    if (text === "at" || text === "on") return;
    if (!isLast) throw badFormat();
    if (text === "ago") {
      this.#isAgo = true;
      this.#unit = "second";
    } else if (text === "infinity" || text === "+infinity") {
      this.#infinity = INTERVAL_INFINITY;
      this.#mark(EVERYTHING);
    } else if (text === "-infinity") {
      this.#infinity = INTERVAL_NEG_INFINITY;
      this.#mark(EVERYTHING);
    } else throw badFormat();
  }
}

/** PostgreSQL's deltatktbl; it compares the first ten characters. */
const UNIT_WORDS: ReadonlyMap<string, Unit | "unknown"> = new Map(
  (
    [
      ["microsecond", "microsecon us usec usecs useconds"],
      ["millisecond", "millisecon ms msec msecs mseconds"],
      ["second", "s sec secs second seconds"],
      ["minute", "m min mins minute minutes"],
      ["hour", "h hr hrs hour hours"],
      ["day", "d day days"],
      ["week", "w week weeks"],
      ["month", "mon mons month months"],
      ["year", "y yr yrs year years"],
      ["decade", "dec decs decade decades"],
      ["century", "c cent century centuries"],
      ["millennium", "mil mils millennia millennium"],
      ["unknown", "qtr quarter timezone timezone_h timezone_m"],
    ] as const
  ).flatMap(([unit, words]) => words.split(" ").map((word) => [word, unit] as const)),
);
