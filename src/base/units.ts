/** Arithmetic that the language gets wrong: bigint division truncates, time needs floor. */

/** Quotient rounded towards minus infinity, for a positive divisor. */
export function floorDiv(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value % divisor < 0n ? quotient - 1n : quotient;
}
