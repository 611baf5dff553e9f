/** Columns of numeric(p,s): exact text becomes an integer of 10^-s. */

import { assert, SqlError } from "../base/errors.ts";
import { decimalWidth } from "./bound-types.ts";
import { FixedBuilder, type Present } from "./column-builder.ts";

/** So many digits are exact in a double. */
const QUICK_DIGITS = 15;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;

export class DecimalBuilder extends FixedBuilder {
  readonly #precision: number;
  readonly #scale: number;
  readonly #width: number;
  readonly #limit: bigint;
  #small: Int16Array | Int32Array = new Int32Array();
  #wide = new BigInt64Array();

  constructor(precision: number, scale: number) {
    super(decimalWidth(precision));
    this.#precision = precision;
    this.#scale = scale;
    this.#width = decimalWidth(precision);
    this.#limit = 10n ** BigInt(precision);
  }

  protected view(buffer: ArrayBuffer): void {
    if (this.#width >= 8) this.#wide = new BigInt64Array(buffer);
    else this.#small = this.#width === 2 ? new Int16Array(buffer) : new Int32Array(buffer);
  }

  protected write(row: number, value: Present): void {
    assert(typeof value === "string", "a numeric's text is expected");
    const quick = quickUnits(value, this.#scale);
    if (Number.isNaN(quick)) this.#put(row, this.#exactUnits(value));
    else if (this.#width >= 8) this.#put(row, BigInt(quick));
    else this.#putSmall(row, quick);
  }

  #putSmall(row: number, units: number): void {
    if (Math.abs(units) >= Number(this.#limit)) throw this.#overflow();
    this.#small[row] = units;
  }

  #put(row: number, units: bigint): void {
    if (units >= this.#limit || units <= -this.#limit) throw this.#overflow();
    if (this.#width < 8) {
      this.#small[row] = Number(units);
    } else if (this.#width === 8) {
      this.#wide[row] = units;
    } else {
      this.#wide[row * 2] = BigInt.asIntN(64, units);
      this.#wide[row * 2 + 1] = units >> 64n;
    }
  }

  #exactUnits(text: string): bigint {
    const [, sign, whole = "", fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
    if (sign === undefined) throw this.#special(text);
    const kept = fraction.slice(0, this.#scale).padEnd(this.#scale, "0");
    assert(!/[1-9]/.test(fraction.slice(this.#scale)), "a numeric of more digits than its column");
    const units = BigInt(whole + kept);
    return sign === "-" ? -units : units;
  }

  #special(text: string): SqlError {
    const type = `numeric(${this.#precision},${this.#scale})`;
    assert(/^(?:NaN|-?Infinity)$/.test(text), "a numeric's text is expected");
    if (text !== "NaN") return this.#overflow("hold an infinite value.");
    return new SqlError("0A000", `NaN cannot be stored in a column of type ${type}`, {
      hint: "Declare the column as numeric, without a precision.",
    });
  }

  #overflow(what?: string): SqlError {
    const field = `A field with precision ${this.#precision}, scale ${this.#scale}`;
    const whole = this.#precision - this.#scale;
    const limit = whole === 0 ? "1" : `10^${whole}`;
    const rule = what === undefined ? `must round to an absolute value less than ${limit}.` : "";
    const detail = `${field} ${what === undefined ? rule : `cannot ${what}`}`;
    return new SqlError("22003", "numeric field overflow", { detail });
  }
}

/** NaN: too long for a double, or no plain number of at most `scale` decimals. */
function quickUnits(text: string, scale: number): number {
  const { length } = text;
  if (length > QUICK_DIGITS) return Number.NaN;
  const isNegative = text.charCodeAt(0) === MINUS;
  let units = 0;
  let decimals = -1;
  for (let i = isNegative ? 1 : 0; i < length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === POINT) {
      decimals = 0;
    } else {
      const digit = code - ZERO;
      if (digit < 0 || digit > 9) return Number.NaN;
      units = units * 10 + digit;
      if (decimals >= 0) decimals += 1;
    }
  }
  const missing = scale - Math.max(decimals, 0);
  if (missing < 0 || length + missing > QUICK_DIGITS) return Number.NaN;
  units *= POWERS[missing] as number;
  return isNegative ? -units : units;
}

const POWERS = Array.from({ length: QUICK_DIGITS + 1 }, (_, i) => 10 ** i);
