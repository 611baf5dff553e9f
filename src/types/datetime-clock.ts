/** Times of day, offsets and fractions as they are written. */

import { badFormat, DatetimeFault, fieldFault } from "./datetime-fields.ts";

/** One time of day, "hh:mm", "hh:mm:ss.f" or "mm:ss.f". */
export interface ClockFields {
  readonly hour: bigint;
  readonly minute: number;
  readonly second: number;
  readonly fraction: number;
}

const CLOCK = /^(\d*):(\d*)(?::(\d*))?(\.[\d]*)?$/;

export function decodeClock(text: string): ClockFields {
  const match = CLOCK.exec(text);
  if (match === null) throw badFormat();
  const [, first = "", middle = "", last, point] = match;
  const fraction = point === undefined ? 0 : secondFraction(point);
  const isShort = last === undefined && point !== undefined;
  const hour = isShort ? 0n : BigInt(first || "0");
  const minute = isShort ? int32(first) : int32(middle);
  const second = isShort ? int32(middle) : int32(last ?? "");
  if (BigInt.asIntN(64, hour) !== hour || minute > 59 || second > 60) throw fieldFault();
  return { hour, minute, second, fraction };
}

/** "+05:30", "-0800", "+5:30:15" → seconds east. */
export function decodeOffset(text: string): number {
  const match = /^([+-])(\d*)(?::(\d*)(?::(\d*))?)?(.*)$/.exec(text);
  if (match === null) throw badFormat();
  const [, sign, first = "", second, third, rest] = match;
  let hour = displacement(first);
  let minute = displacement(second ?? "");
  if (second === undefined && rest === "" && text.length > 3) {
    minute = hour % 100;
    hour = Math.floor(hour / 100);
  }
  const seconds = displacement(third ?? "");
  if (hour > 15 || minute > 59 || seconds > 59) throw new DatetimeFault("displacement");
  if (rest !== "") throw badFormat();
  const total = (hour * 60 + minute) * 60 + seconds;
  return sign === "-" ? -total : total;
}

function displacement(digits: string): number {
  const value = Number(digits);
  if (value > 2 ** 31 - 1) throw new DatetimeFault("displacement");
  return value;
}

/** strtoint: decimal digits within 32 bits. */
export function int32(digits: string): number {
  const value = Number(digits || "0");
  if (value > 2 ** 31 - 1) throw fieldFault();
  return value;
}

/** ".123" as a part of one. */
export function numberFraction(text: string): number {
  if (text === ".") return 0;
  if (!/^\.\d+$/.test(text)) throw badFormat();
  return Number(text);
}

/** Microseconds, rounded half to even as rint does. */
export function secondFraction(text: string): number {
  return roundEven(numberFraction(text) * 1_000_000);
}

export function roundEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
