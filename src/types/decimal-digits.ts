/** Exact comparison of a decimal text with a binary float: what correct rounding at a tie needs. */

/** value = sign * digits * 10^exponent, digits without sign. */
export interface DecimalDigits {
  readonly digits: bigint;
  readonly exponent: number;
}

/** Takes apart an unsigned decimal such as "12.5e-3"; undefined when it is none. */
export function decimalDigits(text: string): DecimalDigits | undefined {
  const match = /^(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null) return undefined;
  const whole = match[1] ?? "";
  const fraction = match[2] ?? "";
  if (whole === "" && fraction === "") return undefined;
  return {
    digits: BigInt(whole + fraction),
    exponent: Number(match[3] ?? "0") - fraction.length,
  };
}

const scratch = new DataView(new ArrayBuffer(8));

/** Sign of `decimal - value` for a finite, non-negative `value`. */
export function compareExactly(decimal: DecimalDigits, value: number): number {
  scratch.setFloat64(0, value);
  const bits = scratch.getBigUint64(0);
  const biased = Number(bits >> 52n);
  const fraction = bits & 0xf_ffff_ffff_ffffn;
  const mantissa = biased === 0 ? fraction : fraction | (1n << 52n);
  const exponent = (biased === 0 ? 1 : biased) - 1075;
  let left = decimal.digits;
  let right = mantissa;
  if (decimal.exponent >= 0) left *= 10n ** BigInt(decimal.exponent);
  else right *= 10n ** BigInt(-decimal.exponent);
  if (exponent >= 0) right <<= BigInt(exponent);
  else left <<= BigInt(-exponent);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The double next to a finite positive `value`, away from zero (1) or toward it (-1). */
export function neighbour(value: number, step: 1 | -1): number {
  scratch.setFloat64(0, value);
  scratch.setBigUint64(0, scratch.getBigUint64(0) + BigInt(step));
  return scratch.getFloat64(0);
}

/** The same among single-precision values. */
export function neighbour32(value: number, step: 1 | -1): number {
  scratch.setFloat32(0, value);
  scratch.setUint32(0, scratch.getUint32(0) + step);
  return scratch.getFloat32(0);
}
