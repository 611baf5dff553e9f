/**
 * The sum of an interval's parts while it is read: PostgreSQL's limits, fractions carried
 * downward.
 */

import { SqlError } from "../base/errors.ts";
import { roundEven } from "./datetime-clock.ts";
import { fieldFault } from "./datetime-fields.ts";
import type { Interval } from "./value.ts";

export type Unit =
  | "microsecond"
  | "millisecond"
  | "second"
  | "minute"
  | "hour"
  | "day"
  | "week"
  | "month"
  | "year"
  | "decade"
  | "century"
  | "millennium";

export const MICROS = {
  microsecond: 1n,
  millisecond: 1000n,
  second: 1_000_000n,
  minute: 60_000_000n,
  hour: 3_600_000_000n,
  day: 86_400_000_000n,
} as const;

const YEARS = { year: 1, decade: 10, century: 100, millennium: 1000 } as const;

export class IntervalSum {
  #years = 0n;
  #months = 0n;
  #days = 0n;
  micros = 0n;

  /** `fraction` is below one in size and has the sign of `value`. @throws DatetimeFault field */
  add(unit: Unit, value: bigint, fraction: number): void {
    switch (unit) {
      case "microsecond":
      case "millisecond":
      case "second":
      case "minute":
      case "hour":
        this.#addMicros(value * MICROS[unit]);
        this.#addFraction(fraction, MICROS[unit]);
        return;
      case "day":
        this.#days = int32(this.#days + int32(value));
        this.#addFraction(fraction, MICROS.day);
        return;
      case "week":
        this.#days = int32(this.#days + int32(value) * 7n);
        this.#addFractionalDays(fraction * 7);
        return;
      case "month":
        this.#months = int32(this.#months + int32(value));
        this.#addFractionalDays(fraction * 30);
        return;
      case "year":
      case "decade":
      case "century":
      case "millennium":
        this.#years = int32(this.#years + int32(value) * BigInt(YEARS[unit]));
        this.#months = int32(this.#months + BigInt(roundEven(fraction * YEARS[unit] * 12)));
        return;
    }
  }

  negate(): void {
    this.#years = int32(-this.#years);
    this.#months = int32(-this.#months);
    this.#days = int32(-this.#days);
    this.micros = int64(-this.micros);
  }

  /** @throws SqlError 22008 */
  interval(): Interval {
    const months = this.#years * 12n + this.#months;
    const isAtLimit = (value: bigint, bits: number) =>
      value === 2n ** BigInt(bits - 1) - 1n || value === -(2n ** BigInt(bits - 1));
    const isInfinite =
      isAtLimit(months, 32) && isAtLimit(this.#days, 32) && isAtLimit(this.micros, 64);
    if (BigInt.asIntN(32, months) !== months || isInfinite) {
      throw new SqlError("22008", "interval out of range");
    }
    return {
      kind: "interval",
      months: Number(months),
      days: Number(this.#days),
      micros: this.micros,
    };
  }

  #addMicros(value: bigint): void {
    this.micros = int64(this.micros + int64(value));
  }

  #addFraction(fraction: number, scale: bigint): void {
    if (fraction === 0) return;
    const exact = fraction * Number(scale);
    let whole = Math.trunc(exact);
    if (exact - whole > 0.5) whole += 1;
    else if (exact - whole < -0.5) whole -= 1;
    this.#addMicros(BigInt(whole));
  }

  #addFractionalDays(days: number): void {
    const whole = Math.trunc(days);
    this.#days = int32(this.#days + BigInt(whole));
    this.#addFraction(days - whole, MICROS.day);
  }
}

function int32(value: bigint): bigint {
  if (BigInt.asIntN(32, value) !== value) throw fieldFault();
  return value;
}

function int64(value: bigint): bigint {
  if (BigInt.asIntN(64, value) !== value) throw fieldFault();
  return value;
}
