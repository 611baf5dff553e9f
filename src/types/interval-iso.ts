/**
 * ISO 8601 durations: designators ("P1Y2M3DT4H"), and the two alternative forms
 * ("P0001-02-03T04:05:06").
 */

import { badFormat, fieldFault } from "./datetime-fields.ts";
import { IntervalSum, type Unit } from "./interval-sum.ts";

const DATE_UNITS: Readonly<Record<string, Unit>> = { Y: "year", M: "month", W: "week", D: "day" };
const TIME_UNITS: Readonly<Record<string, Unit>> = { H: "hour", M: "minute", S: "second" };

/** @throws DatetimeFault */
export function isoInterval(text: string): IntervalSum {
  if (text.length < 2 || !text.startsWith("P")) throw badFormat();
  const reader = new IsoReader(text);
  reader.read();
  return reader.sum;
}

class IsoReader {
  readonly sum = new IntervalSum();
  readonly #text: string;
  #at = 1;

  constructor(text: string) {
    this.#text = text;
  }

  read(): void {
    let isDate = true;
    let hasField = false;
    while (this.#at < this.#text.length) {
      if (this.#text[this.#at] === "T") {
        this.#at += 1;
        isDate = false;
        hasField = false;
        continue;
      }
      const from = this.#at;
      const number = this.#number();
      const designator = this.#text[this.#at] ?? "";
      const unit = (isDate ? DATE_UNITS : TIME_UNITS)[designator];
      if (unit !== undefined) {
        this.sum.add(unit, number.whole, number.fraction);
        this.#at += 1;
        hasField = true;
        continue;
      }
      if (hasField) throw badFormat();
      const width = /^-?(\d*)/.exec(this.#text.slice(from))?.[1]?.length ?? 0;
      if (isDate) this.#alternativeDate(number, width, designator);
      else this.#alternativeTime(number, width, designator);
      if (this.#at >= this.#text.length) return;
    }
  }

  #alternativeDate(first: IsoNumber, width: number, next: string): void {
    if (!["", "T", "-"].includes(next)) throw badFormat();
    if (width === 8 && next !== "-") {
      this.sum.add("year", first.whole / 10_000n, 0);
      this.sum.add("month", (first.whole / 100n) % 100n, 0);
      this.sum.add("day", first.whole % 100n, first.fraction);
      return;
    }
    this.sum.add("year", first.whole, first.fraction);
    for (const unit of ["month", "day"] as const) {
      if (this.#text[this.#at] !== "-") break;
      this.#at += 1;
      const number = this.#number();
      this.sum.add(unit, number.whole, number.fraction);
    }
    if (!["", "T"].includes(this.#text[this.#at] ?? "")) throw badFormat();
  }

  #alternativeTime(first: IsoNumber, width: number, next: string): void {
    if (next !== "" && next !== ":") throw badFormat();
    if (width === 6 && next === "") {
      this.sum.add("hour", first.whole / 10_000n, 0);
      this.sum.add("minute", (first.whole / 100n) % 100n, 0);
      this.sum.add("second", first.whole % 100n, 0);
      this.sum.add("microsecond", 0n, first.fraction); // PostgreSQL scales this fraction by one
      return;
    }
    this.sum.add("hour", first.whole, first.fraction);
    for (const unit of ["minute", "second"] as const) {
      if (this.#text[this.#at] !== ":") break;
      this.#at += 1;
      const number = this.#number();
      this.sum.add(unit, number.whole, number.fraction);
    }
    if (this.#at < this.#text.length) throw badFormat();
  }

  #number(): IsoNumber {
    const match = /^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/.exec(this.#text.slice(this.#at));
    if (match === null) throw badFormat();
    this.#at += match[0].length;
    const value = Number(match[0]);
    if (Math.abs(value) > 1e15) throw fieldFault();
    const whole = Math.trunc(value);
    return { whole: BigInt(whole), fraction: value - whole };
  }
}

interface IsoNumber {
  readonly whole: bigint;
  readonly fraction: number;
}
