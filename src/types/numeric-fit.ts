/** numeric(precision, scale): rounded half away from zero, then refused when it is too large. */

import { SqlError } from "../base/errors.ts";
import { numericModifier } from "./numeric.ts";

/** `text` as numeric_out prints it. @throws SqlError 22003 */
export function fitNumeric(text: string, typmod: number): string {
  const modifier = numericModifier(typmod);
  if (modifier === undefined || text === "NaN") return text;
  const { precision, scale } = modifier;
  if (text.endsWith("Infinity")) {
    throw new SqlError("22003", "numeric field overflow", {
      detail: `A field with precision ${precision}, scale ${scale} cannot hold an infinite value.`,
    });
  }
  const isNegative = text.startsWith("-");
  const [whole = "", fraction = ""] = text.replace("-", "").split(".");
  const units = rounded(BigInt(whole + fraction), fraction.length - scale);
  if (units >= 10n ** BigInt(precision)) throw tooLarge(precision, scale);
  const digits =
    scale < 0 ? `${units}${"0".repeat(-scale)}` : String(units).padStart(scale + 1, "0");
  const split = digits.length - Math.max(0, scale);
  const body = scale > 0 ? `${digits.slice(0, split)}.${digits.slice(split)}` : digits;
  const plain = units === 0n && scale <= 0 ? "0" : body;
  return isNegative && units !== 0n ? `-${plain}` : plain;
}

/** The number without its last `places` digits; negative: with zeros instead. */
function rounded(units: bigint, places: number): bigint {
  if (places <= 0) return units * 10n ** BigInt(-places);
  const unit = 10n ** BigInt(places);
  return (units + unit / 2n) / unit;
}

function tooLarge(precision: number, scale: number): SqlError {
  const exponent = precision - scale;
  const limit = exponent === 0 ? "1" : `10^${exponent}`;
  return new SqlError("22003", "numeric field overflow", {
    detail:
      `A field with precision ${precision}, scale ${scale} ` +
      `must round to an absolute value less than ${limit}.`,
  });
}
